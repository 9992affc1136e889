import { Select, Textarea, TextInput } from '@mantine/core';
import type { JSX } from 'react';
import { Card } from '../../../components/card.tsx';
import type { DraftProblems, RunDraft } from './run-draft.ts';

export interface HowCardProps {
  readonly draft: RunDraft;
  readonly set: (change: Partial<RunDraft>) => void;
  readonly problems: DraftProblems;
}

/** User, folder, environment, timeout and title of a run. */
export function HowCard({ draft, set, problems }: HowCardProps): JSX.Element {
  const text = (name: 'user' | 'group' | 'directory' | 'timeout' | 'title', label: string, placeholder: string) => (
    <TextInput
      label={label}
      placeholder={placeholder}
      autoCapitalize="none"
      autoComplete="off"
      spellCheck={false}
      value={draft[name]}
      error={name === 'directory' || name === 'timeout' ? problems[name] : undefined}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
    />
  );
  return (
    <Card title="How">
      <div className="how-fields">
        {text('user', 'User', 'the agent’s user, root')}
        {text('group', 'Group', 'the user’s primary group')}
        {text('directory', 'Directory', 'the user’s home folder')}
        {text('timeout', 'Timeout', '1h')}
        <Select
          label="Kept output per VM"
          allowDeselect={false}
          data={['1', '4', '16'].map((value) => ({ value, label: `${value} MiB` }))}
          value={`${draft.outputMib}`}
          onChange={(value) => value !== null && set({ outputMib: Number(value) })}
        />
        {text('title', 'Title', 'the first line')}
        <Textarea
          className="how-wide"
          label="Environment"
          description="NAME=VALUE, one per line. Stored with the run, so do not put secrets here."
          autosize
          minRows={2}
          maxRows={8}
          spellCheck={false}
          autoCapitalize="none"
          value={draft.environment}
          error={problems.environment}
          onChange={(event) => set({ environment: event.currentTarget.value })}
        />
      </div>
    </Card>
  );
}
