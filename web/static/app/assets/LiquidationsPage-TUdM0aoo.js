import{t}from"./index-Crpma4ce.js";var a=t("<h1>Liquidations");function e(){return a()}export{e as default};
