import type { UserAccount } from '@innkeeper/contract/agent';
import { Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { guest } from '../../api/guest.ts';
import { Card } from '../../components/card.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { showToast } from '../../components/toasts.tsx';
import { showName } from '../../format/show-name.ts';
import { accountState, changeCommand } from './accounts/account-view.ts';
import { GuestSettings } from './accounts/guest-settings.tsx';
import { KeysDialog } from './accounts/keys-dialog.tsx';
import { PasswordDialog } from './accounts/password-dialog.tsx';
import { CapabilityMissing, lacksCapability } from './capability-missing.tsx';
import { GuestUnavailable, isGuestUnavailable } from './guest-unavailable.tsx';
import type { VmTabProps } from './vm-tab.ts';

/** What a dialog is open for. */
type Open = { readonly dialog: 'password' | 'keys'; readonly account: UserAccount } | undefined;

/** The guest's accounts with their passwords and SSH keys, and its names and region. */
export function AccountsTab({ vm }: VmTabProps): JSX.Element {
  const [open, setOpen] = useState<Open>();
  const connected = !isGuestUnavailable(vm);
  const missing = lacksCapability(vm, 'accounts');
  const { data, error, refetch } = useQuery({
    queryKey: ['accounts', vm.id],
    queryFn: ({ signal }) => guest.agent(vm.id).accounts.list({}, { signal }),
    enabled: connected && !missing,
  });
  const change = async (account: UserAccount, what: { expire?: boolean; locked?: boolean }): Promise<void> => {
    const name = showName(account.name);
    try {
      await guest.agent(vm.id).accounts.change({ user: account.name, ...what });
      showToast({ id: `account ${account.name}`, tone: 'ok', title: `${name} is changed` });
    } catch (cause) {
      showToast({ id: `account ${account.name}`, tone: 'bad', title: `${name} was not changed`, error: cause });
    }
    await refetch();
  };
  if (!connected) return <GuestUnavailable vm={vm} feature="The list of accounts" />;
  if (missing) return <CapabilityMissing vm={vm} name="accounts" feature="Accounts" />;
  return (
    <>
      {error !== null && <ErrorNote title="The accounts could not be listed" error={error} />}
      <Card title="Accounts">
        <DataTable
          label="Accounts"
          rows={data?.accounts ?? []}
          rowKey={({ name, uid }) => `${name} ${uid}`}
          empty={data === undefined ? 'Loading…' : 'This guest has no accounts.'}
          columns={[
            { label: 'Name', cell: ({ name }) => <span className="mono">{showName(name)}</span> },
            { label: 'Id', right: true, cell: ({ uid }) => uid },
            { label: 'Password', cell: accountState },
            { label: 'Shell', cell: ({ shell }) => <span className="mono">{showName(shell)}</span> },
            {
              label: 'Actions',
              labelHidden: true,
              width: '260px',
              cell: (account) => (
                <span className="row">
                  <Button size="xs" variant="default" onClick={() => setOpen({ dialog: 'password', account })}>
                    Set password
                  </Button>
                  <Button size="xs" variant="default" onClick={() => setOpen({ dialog: 'keys', account })}>
                    SSH keys
                  </Button>
                  <Menu position="bottom-end">
                    <Menu.Target>
                      <button type="button" className="icon-button" aria-label={`More for ${showName(account.name)}`}>
                        <Icon name="more" />
                      </button>
                    </Menu.Target>
                    <Menu.Dropdown>
                      {account.locked ? (
                        <Menu.Item
                          disabled={!account.hasPassword}
                          onClick={() => void change(account, { locked: false })}
                        >
                          Unlock
                        </Menu.Item>
                      ) : (
                        <Menu.Item onClick={() => void change(account, { locked: true })}>Lock</Menu.Item>
                      )}
                      <Menu.Item onClick={() => void change(account, { expire: true })}>Expire password</Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                </span>
              ),
            },
          ]}
        />
        {data !== undefined && data.omitted > 0 && <p className="dim">{data.omitted} more are not shown.</p>}
        <InnCommand command={`inn account ls ${vm.name}`} />
      </Card>
      <GuestSettings vm={vm} />
      {open?.dialog === 'password' && (
        <PasswordDialog
          vm={vm}
          user={open.account.name}
          command={changeCommand('passwd', vm.name, open.account.name)}
          onClose={() => {
            setOpen(undefined);
            void refetch();
          }}
        />
      )}
      {open?.dialog === 'keys' && <KeysDialog vm={vm} user={open.account.name} onClose={() => setOpen(undefined)} />}
    </>
  );
}
