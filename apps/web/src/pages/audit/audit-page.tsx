import { Button, Select, TextInput } from '@mantine/core';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import type { JSX } from 'react';
import { api } from '../../api/api.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { Page } from '../../components/page.tsx';
import { Badge } from '../../components/vm-badges.tsx';
import { useParameters } from '../use-parameters.ts';
import { AuditList } from './audit-list.tsx';
import { auditCommand, auditExportPath, auditRequest } from './audit-request.ts';
import { groupEntries } from './audit-sentence.ts';

const fields = ['user', 'vm', 'action', 'text'] as const;
const labels = { user: 'User', vm: 'VM', action: 'Action starts with', text: 'Parameters contain' } as const;

/** The audit log: who did what to which VM, and the result. The search is in the address. */
export function AuditPage(): JSX.Element {
  const [parameters, change] = useParameters();
  const request = auditRequest(parameters);
  const { data, error, fetchNextPage, hasNextPage, isFetching, refetch } = useInfiniteQuery({
    queryKey: ['audit', parameters.toString()],
    queryFn: ({ pageParam, signal }) =>
      api.audit.listAudit({ ...request, pageSize: 100, pageToken: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    placeholderData: (before) => before,
  });
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <Page
      title="Audit"
      actions={
        <>
          <InnCommand command={auditCommand(parameters)} />
          <Button
            component="a"
            variant="default"
            href={auditExportPath(parameters)}
            download="audit.jsonl"
            leftSection={<Icon name="download" size={16} />}
          >
            Export
          </Button>
        </>
      }
    >
      <search className="audit-search">
        {fields.map((name) => (
          <TextInput
            key={name}
            label={labels[name]}
            value={parameters.get(name) ?? ''}
            onChange={(event) => change({ [name]: event.currentTarget.value })}
          />
        ))}
        <Select
          label="Result"
          data={[
            { value: '', label: 'any' },
            { value: 'ok', label: 'succeeded' },
            { value: 'failed', label: 'refused or failed' },
          ]}
          value={parameters.get('result') ?? ''}
          allowDeselect={false}
          onChange={(value) => change({ result: value ?? '' })}
        />
      </search>
      {error !== null && (
        <ErrorNote title="The audit log could not be loaded" error={error} onRetry={() => void refetch()} />
      )}
      {data !== undefined && (
        <div className="card card-body">
          <AuditList groups={groupEntries(entries)} />
          {hasNextPage && (
            <Button variant="default" loading={isFetching} onClick={() => void fetchNextPage()} className="audit-more">
              Load older entries
            </Button>
          )}
        </div>
      )}
      <Verify />
    </Page>
  );
}

/** Verifies the hash chain: each entry contains the hash of the previous one. */
function Verify(): JSX.Element {
  const { mutate, data, error, isPending } = useMutation({ mutationFn: () => api.audit.verifyAudit({}) });
  return (
    <div className="row wrap" role="status">
      <Button variant="default" size="sm" loading={isPending} onClick={() => mutate()}>
        Verify the log
      </Button>
      {error !== null && <ErrorNote title="The audit log was not verified" error={error} />}
      {data?.brokenAtId === undefined && data !== undefined && (
        <Badge tone="ok">{`All ${data.entries.toLocaleString()} entries are intact`}</Badge>
      )}
      {data?.brokenAtId !== undefined && (
        <Badge tone="bad">{`Entry ${data.brokenAtId} was modified, or an entry before it is missing`}</Badge>
      )}
    </div>
  );
}
