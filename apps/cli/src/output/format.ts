const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes as "512 MiB" or "1.4 GiB"; "–" if unknown. */
export function formatBytes(bytes: bigint | number | undefined): string {
  if (bytes === undefined) return '–';
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** "42 %"; "–" if unknown. */
export function formatPercent(percent: number | undefined): string {
  return percent === undefined || Number.isNaN(percent)
    ? '–'
    : `${percent >= 9.95 ? percent.toFixed(0) : percent.toFixed(1)} %`;
}

/** Seconds as "42s", "3m12s", "5h03m" or "12d4h"; "–" if unknown. */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined || seconds < 0) return '–';
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
  return `${Math.floor(whole / 86_400)}d${Math.floor((whole % 86_400) / 3600)}h`;
}

/** Nanoseconds since the epoch as local time, "2026-11-21 08:15:00"; "–" if unknown or 0. */
export function formatTime(unixNs: bigint | undefined): string {
  if (unixNs === undefined || unixNs === 0n) return '–';
  const time = new Date(Number(unixNs / 1_000_000n));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
