import { Button, Menu, SegmentedControl } from '@mantine/core';
import type { JSX } from 'react';
import { Icon } from '../../../components/icon.tsx';
import type { StreamView } from './output-buffer.ts';
import { OutputSearch, type OutputSearchProps } from './output-search.tsx';

export interface OutputToolsProps {
  readonly view: StreamView;
  readonly counts: Readonly<Record<StreamView, number>>;
  readonly onView: (view: StreamView) => void;
  readonly search: OutputSearchProps;
  readonly times: boolean;
  readonly wrap: boolean;
  readonly follow: boolean;
  /** More output may follow. */
  readonly live: boolean;
  readonly onTimes: (times: boolean) => void;
  readonly onWrap: (wrap: boolean) => void;
  readonly onFollow: (follow: boolean) => void;
  /** Returns the download address of a stream. */
  readonly download: (view: StreamView) => string;
}

/** The toolbar of the output: streams, search, display options, download. */
export function OutputTools(props: OutputToolsProps): JSX.Element {
  const { view, counts, onView, search, times, wrap, follow, live, onTimes, onWrap, onFollow, download } = props;
  const label = (each: StreamView): string =>
    `${each} ${counts[each] > 9999 ? `${Math.floor(counts[each] / 1000)}k` : counts[each]}`;
  return (
    <div className="output-tools">
      <SegmentedControl
        size="xs"
        aria-label="Stream"
        value={view}
        onChange={(value) => onView(value as StreamView)}
        data={(['both', 'stdout', 'stderr'] as const).map((value) => ({ value, label: label(value) }))}
      />
      <OutputSearch {...search} />
      <div className="output-toggles">
        {live && <Toggle label="Follow" hint="Scroll to new output" on={follow} onChange={onFollow} />}
        <Toggle label="Wrap" hint="Wrap long lines" on={wrap} onChange={onWrap} />
        <Toggle label="Times" hint="Show when each line arrived" on={times} onChange={onTimes} />
        <Menu position="bottom-end" width={220}>
          <Menu.Target>
            <Button size="xs" variant="default" leftSection={<Icon name="download" size={14} />}>
              Download
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {(['both', 'stdout', 'stderr'] as const).map((each) => (
              <Menu.Item key={each} component="a" href={download(each)} download>
                {each === 'both' ? 'Both, interleaved' : each}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
    </div>
  );
}

function Toggle({
  label,
  hint,
  on,
  onChange,
}: {
  readonly label: string;
  readonly hint: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
}): JSX.Element {
  return (
    <button type="button" className="output-toggle" aria-pressed={on} data-hint={hint} onClick={() => onChange(!on)}>
      {label}
    </button>
  );
}
