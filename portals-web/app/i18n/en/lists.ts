/** What every list says: pages, filters, columns, chosen rows. */
export const lists = {
  pager: {
    label: 'Pages',
    newest: 'Newest',
    newer: 'Newer',
    older: 'Older',
    shown_one: '{{count}} row on this page',
    shown_other: '{{count}} rows on this page',
  },
  removeFilter: 'Remove the filter {{name}}',
}
