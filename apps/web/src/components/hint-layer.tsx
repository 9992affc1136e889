import { type JSX, useEffect, useRef, useState } from 'react';

interface Hint {
  readonly text: string;
  readonly target: Element;
}

/**
 * Shows the `data-hint` of the element under the pointer or with the focus. One element serves the whole page, so a
 * table of thousands of cells costs nothing; screen readers get the same text from `aria-label` or visually hidden
 * text.
 */
export function HintLayer(): JSX.Element | null {
  const [hint, setHint] = useState<Hint>();
  const bubble = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const show = ({ target }: Event): void => {
      const found = target instanceof Element ? target.closest('[data-hint]') : null;
      setHint(found === null ? undefined : { target: found, text: found.getAttribute('data-hint') ?? '' });
    };
    const hide = (event: Event): void => {
      if (!(event instanceof KeyboardEvent) || event.key === 'Escape') setHint(undefined);
    };
    document.addEventListener('pointerover', show);
    document.addEventListener('focusin', show);
    document.addEventListener('focusout', hide);
    document.addEventListener('keydown', hide);
    document.addEventListener('scroll', hide, true);
    return () => {
      document.removeEventListener('pointerover', show);
      document.removeEventListener('focusin', show);
      document.removeEventListener('focusout', hide);
      document.removeEventListener('keydown', hide);
      document.removeEventListener('scroll', hide, true);
    };
  }, []);
  useEffect(() => {
    if (hint === undefined || bubble.current === null) return;
    const { left, width, top, bottom } = hint.target.getBoundingClientRect();
    const own = bubble.current.getBoundingClientRect();
    const x = Math.min(Math.max(8, left + width / 2 - own.width / 2), innerWidth - own.width - 8);
    const y = top - own.height - 6 > 0 ? top - own.height - 6 : bottom + 6;
    bubble.current.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
    bubble.current.style.visibility = 'visible';
  }, [hint]);
  if (hint === undefined || hint.text === '') return null;
  return (
    <div ref={bubble} className="hint" aria-hidden="true">
      {hint.text}
    </div>
  );
}
