import { Button } from '@mantine/core';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { EmptyState } from '../components/empty-state.tsx';
import { Page } from '../components/page.tsx';

/** For addresses that lead nowhere. */
export function NotFoundPage(): JSX.Element {
  return (
    <Page title="Nothing is here">
      <EmptyState
        title="This address leads nowhere"
        action={
          <Button component={Link} to="/">
            Go to the overview
          </Button>
        }
      >
        The page may have been moved, or the address was cut.
      </EmptyState>
    </Page>
  );
}
