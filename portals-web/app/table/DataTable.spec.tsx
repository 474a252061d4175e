// @vitest-environment jsdom
import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { ApiError } from '~/api/errors'
import { pb } from '~/util/path-builder'

import { renderWithRouter } from '../../test/unit/with-router'
import { type Column, DataTable, type DataTableProps } from './DataTable'

interface Row {
  id: string
  minutes: number
}

const COLUMNS: Column<Row>[] = [
  { id: 'id', header: 'Call', cell: ({ id }) => id },
  { id: 'minutes', header: 'Minutes', align: 'end', cell: ({ minutes }) => minutes },
]
const ROWS: Row[] = [
  { id: 'a1', minutes: 1 },
  { id: 'b2', minutes: 2 },
  { id: 'c3', minutes: 3 },
]

const table = (props: Partial<DataTableProps<Row>> = {}) => (
  <DataTable
    label="Calls"
    columns={COLUMNS}
    rows={ROWS}
    rowKey={({ id }) => id}
    rowLink={({ id }) => pb.cdr(id)}
    empty={<p>No calls</p>}
    {...props}
  />
)

const bodyRows = () => within(screen.getByRole('table')).getAllByRole('row').slice(1)

test('before the first answer there are rows to come, not an empty list', () => {
  renderWithRouter(table({ rows: undefined, skeletonRows: 3 }))
  expect(screen.getByRole('table').getAttribute('aria-busy')).toBe('true')
  expect(bodyRows()).toHaveLength(3)
  expect(screen.queryByText('No calls')).toBeNull()
})

test('rows are links to their records', () => {
  renderWithRouter(table())
  expect(bodyRows()).toHaveLength(3)
  expect(screen.getByRole('link', { name: 'b2' }).getAttribute('href')).toBe('/cdrs/b2')
})

test('an empty answer says so below the header', () => {
  renderWithRouter(table({ rows: [] }))
  expect(screen.getByText('No calls')).toBeTruthy()
  expect(screen.getByRole('columnheader', { name: 'Minutes' })).toBeTruthy()
})

test('an error without rows shows what to do and tries again', async () => {
  const onRetry = vi.fn()
  const error = new ApiError({
    type: '/problems/internal',
    title: 'Internal error',
    status: 500,
    detail: 'Its log has the cause.',
  })
  renderWithRouter(table({ rows: undefined, error, onRetry }))
  expect(screen.getByRole('alert').textContent).toContain('Its log has the cause.')
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(onRetry).toHaveBeenCalledOnce()
})

test('an error does not take away rows that are there', () => {
  renderWithRouter(table({ error: new Error('refresh failed') }))
  expect(bodyRows()).toHaveLength(3)
  expect(screen.queryByRole('alert')).toBeNull()
})

test('rows of the question before are marked as busy', () => {
  renderWithRouter(table({ isOutdated: true }))
  expect(screen.getByRole('table').getAttribute('aria-busy')).toBe('true')
})

test('J and K move between rows and stop at the ends', async () => {
  renderWithRouter(table())
  const focused = () => document.activeElement?.textContent
  await userEvent.keyboard('j')
  expect(focused()).toBe('a1')
  await userEvent.keyboard('jjj')
  expect(focused()).toBe('c3')
  await userEvent.keyboard('k{ArrowUp}{ArrowUp}')
  expect(focused()).toBe('a1')
  await userEvent.keyboard('{Escape}')
  expect(document.activeElement).toBe(document.body)
})

test('one row at a time is in the tab order', async () => {
  renderWithRouter(table())
  const tabStops = () =>
    screen
      .getAllByRole('link')
      .filter((link) => link.tabIndex === 0)
      .map((link) => link.textContent)
  expect(tabStops()).toEqual(['a1'])
  await userEvent.keyboard('jj')
  expect(tabStops()).toEqual(['b2'])
})

test('a click anywhere in a row opens it, with Ctrl in a new tab', async () => {
  const { navigate } = renderWithRouter(table())
  const open = vi.spyOn(window, 'open').mockReturnValue(null)
  const user = userEvent.setup()
  await user.click(screen.getByRole('cell', { name: '2' }))
  expect(navigate).toHaveBeenCalledWith(expect.objectContaining({ params: { id: 'b2' } }))
  await user.keyboard('{Control>}')
  await user.click(screen.getByRole('cell', { name: '3' }))
  expect(open).toHaveBeenCalledWith('/cdrs/c3', '_blank', 'noopener')
})

test('rows without a link cannot be opened', async () => {
  const { navigate } = renderWithRouter(
    <DataTable label="Calls" columns={COLUMNS} rows={ROWS} rowKey={({ id }) => id} empty={null} />,
  )
  await userEvent.click(screen.getByRole('cell', { name: '2' }))
  expect(navigate).not.toHaveBeenCalled()
  expect(screen.queryByRole('link')).toBeNull()
})
