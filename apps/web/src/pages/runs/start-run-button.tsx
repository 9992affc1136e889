import { Button, type ButtonProps } from '@mantine/core';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { Icon } from '../../components/icon.tsx';
import { type NewRun, newRunPath } from '../../components/run-path.ts';

export interface StartRunButtonProps extends Pick<ButtonProps, 'size' | 'variant'> {
  /** Targets to fill in, if known. */
  readonly where?: NewRun;
  /** The only target; its tags determine the privilege. */
  readonly vm?: { readonly id: string; readonly tags: Readonly<Record<string, string>> };
  /** Why a run cannot succeed now. */
  readonly reason?: string | undefined;
}

/**
 * Links to the page that starts a run; disabled, with the reason, without the privilege or if the agent is unavailable.
 */
export function StartRunButton({ where, vm, reason, size, variant }: StartRunButtonProps): JSX.Element {
  const { me } = useMe();
  const missing = hasPrivilege(me, 'guest.exec', vm)
    ? reason
    : `You lack the privilege guest.exec${vm === undefined ? '' : ' on this VM'}`;
  const look = { size: size ?? 'sm', variant: variant ?? 'filled', leftSection: <Icon name="runs" size={16} /> };
  return (
    <span data-hint={missing}>
      {missing === undefined ? (
        <Button {...look} component={Link} to={newRunPath(where)}>
          Run script
        </Button>
      ) : (
        <Button {...look} disabled>
          Run script
        </Button>
      )}
    </span>
  );
}
