import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import type { CdrDay } from '~/api/__generated__/schema'
import { cdrDaysQuery } from '~/api/cdr-days'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { Button } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'
import { type PlainColumn, PlainTable } from '~/ui/lib/PlainTable'

/** Where the records of which days are. */
export function CdrDaysDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['cdrs', 'common'])
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useInfiniteQuery(cdrDaysQuery)
  const columns = useColumns()
  const days = data?.pages.flatMap(({ items }) => items)
  const archive = data?.pages[0]?.archive
  return (
    <Dialog title={t('days.title')} closeLabel={t('common:close')} width="wide" onClose={onClose}>
      <div className="flex flex-col gap-3 overflow-y-auto p-4">
        <p className="text-ink-2">{t('days.lead')}</p>
        {error ? <ProblemNotice error={error} /> : null}
        {data ? (
          <p className="break-all">
            {archive ? t('days.archive', { archive }) : t('days.noArchive')}
          </p>
        ) : null}
        {days?.length === 0 ? <p className="text-ink-3">{t('days.none')}</p> : null}
        {days && days.length > 0 ? (
          <PlainTable
            label={t('days.title')}
            columns={columns}
            rows={days}
            rowKey={({ day }) => day}
          />
        ) : null}
        {hasNextPage ? (
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('days.more')}
          </Button>
        ) : null}
      </div>
      <footer className="flex justify-end border-t border-line px-4 py-3">
        <Button onClick={onClose}>{t('common:close')}</Button>
      </footer>
    </Dialog>
  )
}

function useColumns(): PlainColumn<CdrDay>[] {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  return [
    // The day is one of UTC, whatever the zone of who looks.
    { id: 'day', header: t('days.day'), cell: ({ day }) => day.slice(0, 10) },
    {
      id: 'state',
      header: t('days.state'),
      cell: ({ state, archived_at }) =>
        t(state === 'dropped' && archived_at === null ? 'days.is.gone' : `days.is.${state}`),
    },
    {
      id: 'records',
      header: t('days.records'),
      align: 'end',
      cell: ({ records }) => format.count(records),
    },
    {
      id: 'files',
      header: t('days.files'),
      align: 'end',
      cell: ({ files, bytes }) =>
        files > 0 ? `${format.count(files)} (${format.bytes(bytes)})` : '–',
    },
    {
      id: 'archived',
      header: `${t('days.archivedAt')} ${format.zoneName}`,
      cell: ({ archived_at }) => (archived_at ? format.dateTime(archived_at) : '–'),
    },
    {
      id: 'place',
      header: t('days.place'),
      cell: ({ archive_key }) => <span className="break-all">{archive_key ?? '–'}</span>,
    },
  ]
}
