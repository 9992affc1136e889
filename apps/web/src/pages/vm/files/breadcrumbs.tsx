import { type FormEvent, type JSX, useState } from 'react';
import { Link } from 'react-router';
import { Icon } from '../../../components/icon.tsx';
import { showName } from '../../../format/show-name.ts';
import { crumbsOf, resolvePath } from './file-path.ts';

export interface BreadcrumbsProps {
  readonly path: string;
  /** The address of a folder. */
  readonly addressOf: (path: string) => string;
  readonly onGo: (path: string) => void;
}

/**
 * The current path, with each folder as a link; the button turns it into a text field. That one field is also what says
 * whether it is shown (`typed`), which a form of @mantine/form would not.
 */
export function Breadcrumbs({ path, addressOf, onGo }: BreadcrumbsProps): JSX.Element {
  const [typed, setTyped] = useState<string>();
  const crumbs = crumbsOf(path);
  if (typed !== undefined) {
    const submit = (event: FormEvent): void => {
      event.preventDefault();
      setTyped(undefined);
      onGo(resolvePath(path, typed));
    };
    return (
      <form className="files-path" onSubmit={submit}>
        <input
          aria-label="Path"
          className="mono"
          // biome-ignore lint/a11y/noAutofocus: it appears because the user wants to type a path
          autoFocus
          spellCheck={false}
          autoCapitalize="none"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onFocus={(event) => event.currentTarget.select()}
          onKeyDown={(event) => event.key === 'Escape' && setTyped(undefined)}
          onBlur={() => setTyped(undefined)}
        />
      </form>
    );
  }
  return (
    <div className="files-path">
      <nav aria-label="Current folder">
        <ol>
          {crumbs.map(({ name, path: to }, index) => (
            <li key={to}>
              {index > 1 && (
                <span className="dim" aria-hidden="true">
                  /
                </span>
              )}
              <Link to={addressOf(to)} aria-current={to === path ? 'page' : undefined} className="mono">
                {showName(name)}
              </Link>
            </li>
          ))}
        </ol>
      </nav>
      <button
        type="button"
        className="plain-button files-type"
        aria-label="Type a path"
        data-hint="Type a path"
        onClick={() => setTyped(path)}
      >
        <Icon name="edit" size={14} />
      </button>
    </div>
  );
}
