import { Button, type ButtonProps } from '@mantine/core';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { Icon } from '../../components/icon.tsx';
import { type NewRun, newRunPath } from '../../components/run-path.ts';

export interface StartRunButtonProps extends Pick<ButtonProps, 'size' | 'variant'> {
  /** Where it will run, as far as that is known. */
  readonly place?: NewRun;
  /** The one VM that it will run on; its tags decide on the privilege. */
  readonly vm?: { readonly id: string; readonly tags: Readonly<Record<string, string>> };
  /** Why it makes no sense now. */
  readonly reason?: string | undefined;
}

/** Leads to where a run is started; disabled, with the reason, for who may not, and where nothing would answer. */
export function StartRunButton({ place, vm, reason, size, variant }: StartRunButtonProps): JSX.Element {
  const { me } = useMe();
  const missing = hasPrivilege(me, 'guest.exec', vm)
    ? reason
    : `You lack the privilege guest.exec${vm === undefined ? '' : ' on this VM'}`;
  const look = { size: size ?? 'sm', variant: variant ?? 'filled', leftSection: <Icon name="runs" size={16} /> };
  return (
    <span data-hint={missing}>
      {missing === undefined ? (
        <Button {...look} component={Link} to={newRunPath(place)}>
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
