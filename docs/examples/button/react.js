import { createElement, useEffect } from "react";

const element = (name) => ({ children, ...more }) => {
  useEffect(() => {
    const src = `https://login.shop.example/static/${name}.js`;
    if (!customElements.get(name)) document.head.append(Object.assign(document.createElement("script"), { src }));
  }, []);
  return createElement(name, more, children);
};
export const [WxloginButton, WxloginQr] = ["wxlogin-button", "wxlogin-qr"].map(element);
