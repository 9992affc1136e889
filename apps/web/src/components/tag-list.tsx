import type { JSX } from 'react';
import { Link } from 'react-router';

const maxShown = 2;

/** Tags, each a link to the VMs that have it. Shows two and the number of others, unless `all` is set. */
export function TagList({
  tags,
  all = false,
}: {
  readonly tags: Readonly<Record<string, string>>;
  readonly all?: boolean;
}): JSX.Element {
  const entries = Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1));
  const shown = all ? entries : entries.slice(0, maxShown);
  const hidden = entries.slice(shown.length);
  const text = ([name, value]: readonly [string, string]): string => (value === '' ? name : `${name}=${value}`);
  return (
    <span className={all ? 'tag-list all' : 'tag-list'}>
      {shown.map((entry) => (
        <Link key={entry[0]} className="tag ellipsis" to={`/vms?filter=${encodeURIComponent(tagFilter(text(entry)))}`}>
          {text(entry)}
        </Link>
      ))}
      {hidden.length > 0 && (
        <span className="tag" data-hint={hidden.map(text).join('\n')}>
          +{hidden.length}
        </span>
      )}
    </span>
  );
}

function tagFilter(tag: string): string {
  return /[\s"]/.test(tag) ? `tag:"${tag.replaceAll('"', '')}"` : `tag:${tag}`;
}
