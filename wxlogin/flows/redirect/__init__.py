"""Login by redirect: QR code, widget, pages inside WeChat."""
