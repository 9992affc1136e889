import { useEffect, useState } from 'react';

/** The time in milliseconds, again each second while `ticking`. */
export function useNow(ticking: boolean): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    setNowMs(Date.now());
    if (!ticking) return;
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return nowMs;
}
