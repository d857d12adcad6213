// Pictures from elsewhere: a file, the clipboard, something dropped, the camera.

import { find, trouble } from "./dom.js";

/** Hand every picture that the user gives to `take(bitmap, blob)`. */
export function pictures(sheet, take) {
  async function open(blob) {
    try {
      take(await createImageBitmap(blob), blob);
      trouble();
    } catch {
      trouble(`${blob.name ?? "This"} cannot be opened as a picture; choose a PNG or JPEG.`);
    }
  }

  for (const input of [find("file"), find("capture")]) {
    input.addEventListener("change", () => {
      if (input.files[0]) open(input.files[0]);
      input.value = "";
    });
  }
  find("choose").addEventListener("click", () => find("file").click());

  const carried = (transfer) => [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
  document.addEventListener("paste", (event) => {
    const file = carried(event.clipboardData);
    if (file) open(file);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    sheet.classList.add("over");
  });
  document.addEventListener("dragleave", () => sheet.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    sheet.classList.remove("over");
    const file = carried(event.dataTransfer);
    if (file) open(file);
    else if (event.dataTransfer.files.length) trouble("That is not a picture; drop a PNG or JPEG.");
  });
  camera(open);
}

function camera(open) {
  const dialog = find("camera-dialog"), video = find("video");

  async function start() {
    if (!navigator.mediaDevices) { // the page is not on this machine, and not encrypted
      find("capture").click();
      return;
    }
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1920 } },
      });
    } catch (error) {
      trouble(error.name === "NotAllowedError"
        ? "The browser does not let this page use the camera; allow it, or choose a picture."
        : "There is no camera that can be used; choose a picture instead.");
      return;
    }
    dialog.showModal();
    await video.play();
  }

  async function shoot() {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d").drawImage(video, 0, 0);
    await open(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }));
    dialog.close();
  }

  find("camera").addEventListener("click", start);
  find("shoot").addEventListener("click", shoot);
  find("camera-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
  });
}
