import { useEffect, useState } from 'react';

/** Colours from tokens.css, resolved for the canvas. */
export interface ChartColors {
  /** Colours of the lines, in order. */
  readonly lines: readonly string[];
  readonly grid: string;
  readonly text: string;
  readonly surface: string;
}

const lineTokens = ['--ik-bar', '--ik-warn', '--ik-ok', '--ik-bad', '--ik-idle', '--ik-accent'];

function readColors(): ChartColors {
  const style = getComputedStyle(document.documentElement);
  const color = (token: string): string => style.getPropertyValue(token).trim();
  return {
    lines: lineTokens.map(color),
    grid: color('--ik-border'),
    text: color('--ik-dim'),
    surface: color('--ik-surface'),
  };
}

/** The current colours; they change with the theme. */
export function useChartColors(): ChartColors {
  const [colors, setColors] = useState(readColors);
  useEffect(() => {
    const observer = new MutationObserver(() => setColors(readColors()));
    observer.observe(document.documentElement, { attributeFilter: ['data-mantine-color-scheme'] });
    return () => observer.disconnect();
  }, []);
  return colors;
}
