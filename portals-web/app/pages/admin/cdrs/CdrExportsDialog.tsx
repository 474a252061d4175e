import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Download, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { CdrExport, CdrExportFormat } from '~/api/__generated__/schema'
import { cdrExportFile, cdrExportsQuery, createCdrExport, deleteCdrExport } from '~/api/cdr-exports'
import type { CdrFilter } from '~/api/queries'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { Button, buttonClass } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'
import { IconButton } from '~/ui/lib/IconButton'
import { type PlainColumn, PlainTable } from '~/ui/lib/PlainTable'
import { Segmented } from '~/ui/lib/Segmented'

const FORMATS: readonly { value: CdrExportFormat; label: string }[] = [
  { value: 'csv', label: 'CSV' },
  { value: 'parquet', label: 'Parquet' },
]

export interface CdrExportsDialogProps {
  filter: CdrFilter
  onClose: () => void
}

/** Asks for a file of what the list finds, and shows the files that there are. */
export function CdrExportsDialog({ filter, onClose }: CdrExportsDialogProps) {
  const { t } = useTranslation(['cdrs', 'common'])
  const client = useQueryClient()
  const { data, error } = useQuery(cdrExportsQuery)
  const onSettled = () => client.invalidateQueries({ queryKey: cdrExportsQuery.queryKey })
  const [format, setFormat] = useState<CdrExportFormat>('csv')
  const create = useMutation({ mutationFn: () => createCdrExport(filter, format), onSettled })
  const remove = useMutation({ mutationFn: deleteCdrExport, onSettled })
  const columns = useColumns((id) => remove.mutate(id))
  const failure = create.error ?? remove.error ?? error
  return (
    <Dialog title={t('files.title')} closeLabel={t('common:close')} width="wide" onClose={onClose}>
      <div className="flex flex-col gap-3 overflow-y-auto p-4">
        <p className="text-ink-2">{t('files.lead')}</p>
        {failure ? <ProblemNotice error={failure} /> : null}
        {data?.length === 0 ? <p className="text-ink-3">{t('files.none')}</p> : null}
        {data && data.length > 0 ? (
          <PlainTable
            label={t('files.title')}
            columns={columns}
            rows={data}
            rowKey={({ id }) => String(id)}
          />
        ) : null}
      </div>
      <footer className="flex items-center justify-end gap-2 border-t border-line px-4 py-3">
        <Segmented
          label={t('files.format')}
          value={format}
          options={FORMATS}
          onChange={setFormat}
        />
        <span className="grow" />
        <Button onClick={onClose}>{t('common:close')}</Button>
        <Button variant="primary" disabled={create.isPending} onClick={() => create.mutate()}>
          {t('files.create')}
        </Button>
      </footer>
    </Dialog>
  )
}

function useColumns(onDelete: (id: number) => void): PlainColumn<CdrExport>[] {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  return [
    {
      id: 'asked',
      header: `${t('files.asked')} ${format.zoneName}`,
      cell: ({ created_at }) => format.dateTime(created_at),
    },
    {
      id: 'query',
      header: t('filter.label'),
      cell: ({ query }) => (
        <span className="inline-block max-w-56 truncate align-bottom" title={query}>
          {query || t('files.all')}
        </span>
      ),
    },
    {
      id: 'format',
      header: t('files.format'),
      cell: ({ format: written }) => FORMATS.find(({ value }) => value === written)?.label,
    },
    {
      id: 'records',
      header: t('files.records'),
      align: 'end',
      cell: ({ records }) => format.count(records),
    },
    {
      id: 'size',
      header: t('files.size'),
      align: 'end',
      cell: ({ bytes }) => format.bytes(bytes),
    },
    {
      id: 'state',
      header: t('files.state'),
      cell: ({ state, failure }) => (
        <span className={state === 'failed' ? 'text-danger' : undefined} title={failure ?? ''}>
          {t(`files.is.${state}`)}
        </span>
      ),
    },
    {
      id: 'actions',
      header: '',
      align: 'end',
      cell: ({ id, state }) => (
        <span className="inline-flex items-center gap-1">
          {state === 'ready' ? (
            <a href={cdrExportFile(id)} download className={buttonClass()}>
              <Download aria-hidden size={14} />
              {t('files.download')}
            </a>
          ) : null}
          <IconButton icon={Trash2} label={t('files.delete')} onClick={() => onDelete(id)} />
        </span>
      ),
    },
  ]
}
