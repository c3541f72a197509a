import{t}from"./index-Crpma4ce.js";var e=t("<h1>Alerts");function a(){return e()}export{a as default};
