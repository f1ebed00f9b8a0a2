// Numbers for people.

/** 98362432 -> "98 MB" */
export function bytesText(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; bytes >= 1000 && i + 1 < units.length; ++i) bytes /= 1000;
  return `${i < 3 ? Math.round(bytes) : bytes.toFixed(1)} ${units[i]}`;
}

/** 134515008 -> "135 M" */
export function countText(count) {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  return count >= 1e6 ? `${Math.round(count / 1e6)} M` : String(count);
}

/** 118.26 -> "118", 7.43 -> "7.4" */
export const rateText = (rate) => rate.toFixed(rate < 10 ? 1 : 0);
