import { h, onMounted } from "vue";

const element = (name) => ({ setup(_, { slots }) {
  onMounted(() => {
    const src = `https://login.shop.example/static/${name}.js`;
    if (!customElements.get(name)) document.head.append(Object.assign(document.createElement("script"), { src }));
  });
  return () => h(name, slots.default?.());
} });
export const [WxloginButton, WxloginQr] = ["wxlogin-button", "wxlogin-qr"].map(element);
