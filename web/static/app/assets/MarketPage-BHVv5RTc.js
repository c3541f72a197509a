import{t}from"./index-Crpma4ce.js";var a=t("<h1>Market");function r(){return a()}export{r as default};
