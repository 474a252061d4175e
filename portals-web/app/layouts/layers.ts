/** What lies over the pages on demand: one chunk, fetched a moment after the first page. */
export { KeyboardHelp } from '~/components/KeyboardHelp'

export { CommandPalette } from './CommandPalette'

export { IdentityDialog } from './IdentityDialog'
