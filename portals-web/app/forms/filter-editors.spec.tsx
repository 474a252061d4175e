// @vitest-environment jsdom
import { fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { zonePreference } from '~/stores/preferences'

import { NameEditor, PrefixEditor, TimeEditor } from './filter-editors'

test('a prefix is applied as digits, however it was pasted', async () => {
  const onApply = vi.fn()
  render(<PrefixEditor value={undefined} onApply={onApply} />)
  await userEvent.type(screen.getByRole('textbox'), '+44 20')
  await userEvent.click(screen.getByRole('button', { name: 'Apply' }))
  expect(onApply).toHaveBeenCalledWith('4420')
})

test('a prefix with letters is refused at its field', async () => {
  const onApply = vi.fn()
  render(<PrefixEditor value={undefined} onApply={onApply} />)
  await userEvent.type(screen.getByRole('textbox'), '44x{Enter}')
  expect(onApply).not.toHaveBeenCalled()
  expect(screen.getByRole('textbox').getAttribute('aria-invalid')).toBe('true')
  expect(screen.getByText('Digits only, for example 4420.')).toBeTruthy()
})

test('a name can be chosen from those that match, or typed', async () => {
  const onApply = vi.fn()
  render(
    <NameEditor
      label="Carrier"
      names={['aurora', 'borealis']}
      value={undefined}
      onApply={onApply}
    />,
  )
  await userEvent.type(screen.getByRole('textbox', { name: 'Carrier' }), 'bor')
  expect(screen.queryByRole('button', { name: 'aurora' })).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: 'borealis' }))
  expect(onApply).toHaveBeenCalledWith('borealis')
  await userEvent.clear(screen.getByRole('textbox', { name: 'Carrier' }))
  await userEvent.type(screen.getByRole('textbox', { name: 'Carrier' }), 'a removed one{Enter}')
  expect(onApply).toHaveBeenLastCalledWith('a removed one')
})

test('a range that ends before it starts is refused', async () => {
  const onApply = vi.fn()
  zonePreference.set('utc')
  render(<TimeEditor value={{}} onApply={onApply} />)
  fireEvent.change(screen.getByLabelText('From UTC'), { target: { value: '2026-11-21T10:00' } })
  fireEvent.change(screen.getByLabelText('To (not included) UTC'), {
    target: { value: '2026-11-21T09:00' },
  })
  await userEvent.click(screen.getByRole('button', { name: 'Apply' }))
  expect(onApply).not.toHaveBeenCalled()
  expect(screen.getByText('The end must be after the start.')).toBeTruthy()
  fireEvent.change(screen.getByLabelText('To (not included) UTC'), {
    target: { value: '2026-11-21T11:00' },
  })
  await userEvent.click(screen.getByRole('button', { name: 'Apply' }))
  expect(onApply).toHaveBeenCalledWith({
    from: '2026-11-21T10:00:00.000Z',
    to: '2026-11-21T11:00:00.000Z',
  })
})
