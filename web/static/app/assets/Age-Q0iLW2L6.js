import{q as o,j as t,m as n}from"./index-DycyGoKQ.js";function m(r){return o(()=>u(r.since,t()))}function u(r,a){return r==null?n(null):a-r<2e3?"now":n(a-r)}export{m as A,u as a};
