import { Button } from '@mantine/core';
import type { JSX } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { showName } from '../../../format/show-name.ts';
import type { ConsoleLinkState } from './console-link.ts';

/** Who types on the console, and the way to be the one. */
export function WriterBar({
  state,
  isAsked,
  onTake,
  onRelease,
}: {
  readonly state: ConsoleLinkState;
  /** Somebody typed who may not: the button is pointed out. */
  readonly isAsked: boolean;
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
          Give it up
        </Button>
      )}
      {!isWriter && open && (
        <Button
          size="xs"
          variant={isAsked ? 'filled' : 'default'}
          leftSection={<Icon name="keyboard" size={15} />}
          data-hint={writer === null ? undefined : `Takes it from ${showName(writer)}, who can go on looking`}
          onClick={onTake}
        >
          {writer === null ? 'Take the keyboard' : 'Take over'}
        </Button>
      )}
    </>
  );
}
