import{t}from"./index-Crpma4ce.js";var n=t("<h1>Funding");function e(){return n()}export{e as default};
