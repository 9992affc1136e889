const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });

/** Converts the API's nanoseconds to a date. */
export function dateOf(unixNs: bigint): Date {
  return new Date(Number(unixNs / 1_000_000n));
}

/** Time of day if today, otherwise date and time. */
export function formatTime(date: Date): string {
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date);
}

/** Date and time in full. */
export function formatFullTime(date: Date): string {
  return full.format(date);
}
