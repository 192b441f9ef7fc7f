// Questions to the server, one at a time: what happens meanwhile, and what can be done where one fails.

import { forget, load } from "./album.js";
import { copyOf, wayOut } from "./copies.js";
import { ask, limits } from "./service.js";

const NO_MEMORY = "This browser has not enough memory to make the copy. Make the photo smaller in another program, and choose that here.";

const byId = (id) => document.getElementById(id);

/** Ask the server; return the answer, or nothing where it failed or was taken back. */
export async function run(app, name, photo, fields) {
  app.running?.abort();
  const asking = (app.running = new AbortController());
  for (const one of app.photos) one.isBusy = one === photo;
  Object.assign(photo, { error: "", way: null });
  app.trouble = "";
  tell("Sending the file.");
  if (app.photo) app.panelOnly();
  try {
    return await ask(name, photo.file, fields, tell, asking.signal);
  } catch (error) {
    if (!asking.signal.aborted) await failed(photo, error.message);
    return null;
  } finally {
    if (app.running === asking) idle(app, photo);
  }
}

function idle(app, photo) {
  app.running = null;
  photo.isBusy = false;
  quiet(app, document.activeElement === byId("cancel"));
  if (app.photo) app.panelOnly(); // another may be shown by now
}

/** Say that nothing happens any more; the keyboard is not lost with the button. */
function quiet(app, hadKeyboard) {
  byId("progress").hidden = true;
  if (hadKeyboard) byId(`tab-${app.job}`).focus({ preventScroll: true });
}

/** Keep what went wrong with a photo, and what can be done instead where nothing is known of it. */
async function failed(photo, words) {
  photo.error = words;
  if (!photo.audit) photo.way = await limits().then((most) => wayOut(photo, most), () => null);
}

/** Show a photo in the size that the server read. A browser may read a file otherwise, or not at all. */
export async function fitTo(app, photo, answer) {
  if (photo.width === answer.width && photo.height === answer.height) return;
  const plain = await run(app, "obfuscate", photo, [["operator", "none"], ["find", "false"], ["check", "false"]]);
  if (plain) await load(photo, URL.createObjectURL(plain.files[0].blob));
}

/** Go on with a copy of a photo that the server takes. */
export async function useCopy(app, photo) {
  tell("Making the copy.");
  try {
    const { file, words } = await copyOf(photo, photo.way.pixels, await limits());
    forget(photo);
    Object.assign(photo, { file, name: file.name, url: URL.createObjectURL(file), copied: words, error: "", way: null, regions: [], chosen: null, past: [] });
    await load(photo, photo.url);
  } catch {
    photo.way = { words: NO_MEMORY };
  }
  quiet(app, app.photo === photo);
  if (app.photo !== photo) return;
  app.draw();
  app.doUnlessDone();
}

function tell(words) {
  byId("progress").hidden = false;
  byId("doing").textContent = words;
}
