const daySeconds = 24 * 60 * 60;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const clockSeconds = new Intl.DateTimeFormat(undefined, {
  ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
});
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const month = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric' });

/** Labels of a time axis, by the distance of its ticks: the hour, at midnight the day; months where it is long. */
export function formatTimeTicks(ticks: readonly number[], stepSeconds: number): string[] {
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    if (stepSeconds >= 27 * daySeconds) return month.format(date);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    if (stepSeconds >= daySeconds || midnight) return day.format(date);
    return (stepSeconds < 60 ? clockSeconds : clock).format(date);
  });
}
