import { Button } from '@mantine/core';
import type { JSX } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { showName } from '../../../format/show-name.ts';
import type { ConsoleLinkState } from './console-link.ts';

/** Shows the console's writer, and lets the user become it. */
export function WriterBar({
  state,
  isHighlighted,
  onTake,
  onRelease,
}: {
  readonly state: ConsoleLinkState;
  /** The user typed in read-only mode: highlight the button. */
  readonly isHighlighted: boolean;
  readonly onTake: () => void;
  readonly onRelease: () => void;
}): JSX.Element {
  const { socket, writer, isWriter } = state;
  const open = socket === 'open';
  return (
    <>
      <span className="console-writer" role="status">
        <span className={isWriter ? 'terminal-dot runs' : 'terminal-dot'} aria-hidden="true" />
        <span>
          {isWriter && 'You have the keyboard'}
          {!isWriter && writer === null && (open ? 'Nobody has the keyboard' : 'Not connected')}
          {!isWriter && writer !== null && (
            <>
              <strong>{showName(writer)}</strong> has the keyboard
            </>
          )}
        </span>
      </span>
      {isWriter && (
        <Button size="xs" variant="default" onClick={onRelease}>
          Release the keyboard
        </Button>
      )}
      {!isWriter && open && (
        <Button
          size="xs"
          variant={isHighlighted ? 'filled' : 'default'}
          leftSection={<Icon name="keyboard" size={15} />}
          data-hint={writer === null ? undefined : `Takes it from ${showName(writer)}, who can still watch`}
          onClick={onTake}
        >
          {writer === null ? 'Take the keyboard' : 'Take over'}
        </Button>
      )}
    </>
  );
}
