import{t}from"./index-Crpma4ce.js";var a=t("<h1>Quality");function r(){return a()}export{r as default};
