import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { SwitchEvent } from '~/api/__generated__/schema'
import { kindsQuery } from '~/api/kinds'
import { useFormat } from '~/hooks/use-format'
import { TimeCell } from '~/table/cells/TimeCell'
import type { Column } from '~/table/column'
import { subjectLink } from '~/util/event-subject'

/** The columns of a list of events; the kind opens the whole of one. */
export function useEventColumns(onOpen: (event: SwitchEvent) => void): Column<SwitchEvent>[] {
  const { t } = useTranslation('events')
  const { zoneName } = useFormat()
  const { data: kinds = [] } = useQuery(kindsQuery)
  const isKind = (name: string) => kinds.some(({ kind }) => kind === name)
  return [
    {
      id: 'at',
      header: `${t('column.at')} ${zoneName}`,
      width: 176,
      cell: ({ at }) => <TimeCell at={at} />,
    },
    {
      id: 'kind',
      header: t('column.kind'),
      minWidth: 180,
      cell: (event) => (
        <button
          type="button"
          className="max-w-full truncate rounded-badge text-start font-mono text-meta text-link hover:underline"
          onClick={() => onOpen(event)}
        >
          {event.kind}
        </button>
      ),
    },
    {
      id: 'subject',
      header: t('column.subject'),
      minWidth: 200,
      cell: (event) => {
        const link = subjectLink(event, isKind)
        if (!link) return event.subject
        return (
          <Link {...link} className="text-link hover:underline">
            {event.subject}
          </Link>
        )
      },
    },
    { id: 'actor', header: t('column.actor'), minWidth: 140, cell: ({ actor }) => actor },
    {
      id: 'id',
      header: t('column.id'),
      width: 96,
      align: 'end',
      cell: ({ id }) => id,
    },
  ]
}
