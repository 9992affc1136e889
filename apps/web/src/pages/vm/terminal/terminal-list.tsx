import { type Terminal, TerminalState } from '@innkeeper/contract/control';
import { type JSX, useEffect, useRef } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { dateOf, formatFullTime } from '../../../format/format-time.ts';
import { terminalTitle } from './terminal-title.ts';

export interface TerminalListProps {
  readonly terminals: readonly Terminal[];
  readonly active: string | undefined;
  readonly onChoose: (id: string) => void;
  readonly onClose: (terminal: Terminal) => void;
}

/** The list of a VM's terminals; the active one is highlighted. */
export function TerminalList({ terminals, active, onChoose, onClose }: TerminalListProps): JSX.Element {
  const current = useRef<HTMLLIElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls the active terminal into view on a narrow screen
  useEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [active]);
  return (
    <ul className="terminal-list" aria-label="Terminals">
      {terminals.map((terminal, index) => {
        const title = terminalTitle(terminal);
        const isActive = terminal.id === active;
        const runs = terminal.state === TerminalState.RUNNING;
        return (
          <li key={terminal.id} ref={isActive ? current : null} className={isActive ? 'active' : undefined}>
            <button
              type="button"
              className="terminal-name"
              aria-current={isActive ? 'true' : undefined}
              aria-label={`${index + 1}: ${title}${runs ? '' : ', ended'}`}
              data-hint={hintOf(terminal)}
              onClick={() => onChoose(terminal.id)}
            >
              <span className={runs ? 'terminal-dot runs' : 'terminal-dot'} aria-hidden="true" />
              <span className="ellipsis">{title}</span>
            </button>
            <button
              type="button"
              className="icon-button small"
              aria-label={`Close ${index + 1}: ${title}`}
              onClick={() => onClose(terminal)}
            >
              <Icon name="close" size={13} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function hintOf({ user, createdBy, createdUnixNs, viewers }: Terminal): string {
  return [
    `As ${user === '' ? 'root' : user}`,
    `Opened by ${createdBy}, ${formatFullTime(dateOf(createdUnixNs))}`,
    ...(viewers > 1 ? [`${viewers} windows attached`] : []),
  ].join('\n');
}
