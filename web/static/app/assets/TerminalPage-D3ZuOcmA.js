import{t}from"./index-Crpma4ce.js";var a=t("<h1>Terminal");function r(){return a()}export{r as default};
