const daySeconds = 24 * 60 * 60;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const clockSeconds = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const month = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric' });

/** Formats the labels of a time axis by the tick distance: time of day, the date at midnight, or months. */
export function formatTimeTicks(ticks: readonly number[], stepSeconds: number): string[] {
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    if (stepSeconds >= 27 * daySeconds) return month.format(date);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    if (stepSeconds >= daySeconds || midnight) return day.format(date);
    return (stepSeconds < 60 ? clockSeconds : clock).format(date);
  });
}
