// Browsers start no worker from the file system, and the search is one: a hidden frame stands in
// for it. The theme knows the name `IFrameWorker`; its own stand-in would come from a CDN.
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.inside = frame.contentWindow;
      addEventListener("message", (event) => {
        if (event.source !== this.inside) return;
        const message = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(message);
        this.onmessage?.(message);
      });
      const page = this.inside.document;
      page.open();
      page.write(
        "<script>" +
          "postMessage = (data) => parent.dispatchEvent(" +
          'new MessageEvent("message", { data, source: window }));' +
          "importScripts = (...urls) => urls.reduce((before, url) => before.then(() =>" +
          "new Promise((resolve, reject) => document.body.appendChild(Object.assign(" +
          'document.createElement("script"), { src: url, onload: resolve, onerror: reject })))),' +
          "Promise.resolve());" +
          "</" + `script><body><script src="${new URL(url, location.href)}"></` + "script>",
      );
      page.close();
      this.ready = new Promise((resolve) => frame.addEventListener("load", resolve));
    }

    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.inside.frameElement.remove();
    }
  };
  window.Worker = window.IFrameWorker;
}
