// Results of jobs: each belongs to the file, the places and the settings that it was made for.

/** Return what a result belongs to, as text. fields: what was asked, as pairs of names and texts. */
export const keyOf = (photo, fields) => JSON.stringify([photo.file.size, photo.file.name, ...fields]);

/** Keep an answer of a job, and free what it replaces. */
export function keep(photo, name, answer, key) {
  const before = photo[name], file = answer.files[0] ?? null;
  photo[name] = { answer, key, file, url: file ? URL.createObjectURL(file.blob) : null };
  for (const url of new Set([before?.url, ...(before?.answer.files ?? []).map((one) => one.url)])) if (url) URL.revokeObjectURL(url);
}

/** Return the result of a job if it was made for one of these; else none. */
export const madeFor = (photo, name, ...keys) => (photo[name] && keys.includes(photo[name].key) ? photo[name] : null);
