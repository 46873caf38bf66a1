/**
 * Keep scripts of this page from giving an image an address on another host.
 *
 * ReDoc's menu ends with its maker's logo, fetched from their CDN, and no option turns it off.
 * The page's policy would block the request and report it as a violation; here none is made.
 */
const images = HTMLImageElement.prototype;
const src = Object.getOwnPropertyDescriptor(images, "src");

images.setAttribute = function (name, value) {
  if (name !== "src" || isOwn(value)) {
    Element.prototype.setAttribute.call(this, name, value);
  }
};

Object.defineProperty(images, "src", {
  ...src,
  set(value) {
    if (isOwn(value)) {
      src.set.call(this, value);
    }
  },
});

function isOwn(address) {
  const url = new URL(address, document.baseURI);
  return url.protocol === "data:" || url.origin === location.origin;
}
