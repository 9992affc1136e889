import { allPages } from '@innkeeper/client/browser';
import type { CreateTokenResponse, Token } from '@innkeeper/contract/control';
import { Button, Checkbox } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type JSX, useState } from 'react';
import { api } from '../../api/api.ts';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { Card } from '../../components/card.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { TimeAgo } from '../../components/time-ago.tsx';
import { showToast } from '../../components/toasts.tsx';
import { useConfirm } from '../../components/use-confirm.tsx';
import { dateOf, formatFullTime } from '../../format/format-time.ts';
import { accessCommands } from './access-commands.ts';
import { TokenForm } from './token-form.tsx';

/** API tokens: the user's, and those of all users for users who manage them. */
export function TokensSection(): JSX.Element {
  const { me } = useMe();
  const [all, setAll] = useState(false);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<CreateTokenResponse>();
  const { ask, dialog } = useConfirm();
  const { data, error, refetch } = useQuery({
    queryKey: ['tokens', all],
    queryFn: async ({ signal }) => ({
      tokens: await allPages(
        (page) => api.access.listTokens({ ...page, all }, { signal }),
        ({ tokens }) => tokens,
      ),
    }),
  });
  const revoke = async ({ id, name }: Token): Promise<void> => {
    const body = <p>Programs that use it lose access immediately.</p>;
    const question = {
      title: `Revoke "${name}"?`,
      body,
      confirm: 'Revoke',
      danger: true,
      command: accessCommands.revokeToken(id),
    };
    if (!(await ask(question))) return;
    try {
      await api.access.revokeToken({ id });
      void refetch();
    } catch (failure) {
      showToast({ id: 'revoke', tone: 'bad', title: 'The token was not revoked', error: failure });
    }
  };
  return (
    <>
      {made !== undefined && <NewSecret made={made} onClose={() => setMade(undefined)} />}
      {making && (
        <TokenForm
          onClose={() => setMaking(false)}
          onCreated={(response) => {
            setMaking(false);
            setMade(response);
            void refetch();
          }}
        />
      )}
      <Card
        title="Tokens"
        aside={
          !making && (
            <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>
              Create a token
            </Button>
          )
        }
      >
        {hasPrivilege(me, 'user.manage') && (
          <Checkbox label="All users" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />
        )}
        {error !== null && (
          <ErrorNote title="The tokens could not be loaded" error={error} onRetry={() => void refetch()} />
        )}
        {data !== undefined && (
          <DataTable
            label="Tokens"
            rows={data.tokens}
            rowKey={({ id }) => id}
            empty="No tokens yet. A token gives a program your privileges, or fewer."
            columns={[
              { label: 'Name', cell: ({ name }) => <strong>{name}</strong> },
              ...(all ? [{ label: 'User', cell: ({ user }: Token) => user }] : []),
              {
                label: 'Privileges',
                cell: ({ privileges, allowedCommands }) => (
                  <>
                    {privileges.includes('*') ? 'all of its user' : privileges.join(', ')}
                    {allowedCommands.map((command) => (
                      <div key={command}>
                        <code>{command}</code>
                      </div>
                    ))}
                  </>
                ),
              },
              { label: 'Scope', cell: ({ scope }) => <code>{scope}</code> },
              {
                label: 'Last used',
                cell: ({ lastUsedUnixNs }) =>
                  lastUsedUnixNs === undefined ? (
                    <span className="dim">never</span>
                  ) : (
                    <TimeAgo unixNs={lastUsedUnixNs} />
                  ),
              },
              {
                label: 'Expires',
                cell: ({ expiresUnixNs }) =>
                  expiresUnixNs === undefined ? 'never' : formatFullTime(dateOf(expiresUnixNs)),
              },
              {
                label: 'Actions',
                labelHidden: true,
                right: true,
                cell: (token) => (
                  <Button size="xs" variant="subtle" color="red" onClick={() => void revoke(token)}>
                    Revoke<span className="visually-hidden"> {token.name}</span>
                  </Button>
                ),
              },
            ]}
          />
        )}
        {dialog}
      </Card>
    </>
  );
}

/** Shows the secret of a new token, once: the daemon stores only its hash. */
function NewSecret({
  made,
  onClose,
}: {
  readonly made: CreateTokenResponse;
  readonly onClose: () => void;
}): JSX.Element {
  return (
    <Card title={`Token "${made.token?.name ?? ''}"`}>
      <p>Copy it now: it will not be shown again.</p>
      <div className="row wrap settings-secret" role="status">
        <code>{made.secret}</code>
        <CopyButton text={made.secret} label="Copy the token" />
      </div>
      <p className="dim">
        Use it as <code>Authorization: Bearer …</code>, or as <code>INNKEEPER_TOKEN</code> for <code>inn</code>.
      </p>
      <Button variant="default" size="sm" onClick={onClose}>
        Done
      </Button>
    </Card>
  );
}
