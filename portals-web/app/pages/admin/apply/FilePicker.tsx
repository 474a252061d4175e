import { clsx } from 'clsx'
import { FileUp, X } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useFormat } from '~/hooks/use-format'
import { Button } from '~/ui/lib/Button'
import { IconButton } from '~/ui/lib/IconButton'
import { PlainTable } from '~/ui/lib/PlainTable'
import type { BundleFile } from '~/util/bundle'

export interface FilePickerProps {
  onAdd: (files: readonly File[]) => void
}

/** Files come by dropping or by the browser's own dialog. */
export function FilePicker({ onAdd }: FilePickerProps) {
  const { t } = useTranslation('apply')
  const inputRef = useRef<HTMLInputElement>(null)
  const [isOver, setOver] = useState(false)
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        onAdd([...event.dataTransfer.files])
      }}
      className={clsx(
        'flex flex-wrap items-center justify-center gap-x-2 gap-y-1 rounded-panel border border-dashed px-4 py-6 text-ink-2',
        isOver ? 'border-primary bg-selected' : 'border-line-control bg-surface',
      )}
    >
      <FileUp aria-hidden size={18} strokeWidth={1.75} className="text-ink-3" />
      {t('drop')}
      <Button size="toolbar" onClick={() => inputRef.current?.click()}>
        {t('choose')}
      </Button>
      <input
        ref={inputRef}
        type="file"
        multiple
        hidden
        data-testid="files"
        accept=".yaml,.yml,.csv,.gz"
        onChange={(event) => {
          onAdd([...(event.target.files ?? [])])
          // The same file, corrected, can be chosen again.
          event.target.value = ''
        }}
      />
      <p className="w-full text-center text-meta text-ink-3">{t('accepts')}</p>
    </div>
  )
}

export interface FileTableProps {
  files: readonly BundleFile[]
  onRemove: (name: string) => void
}

export function FileTable({ files, onRemove }: FileTableProps) {
  const { t } = useTranslation('apply')
  const format = useFormat()
  return (
    <PlainTable
      label={t('files')}
      rows={files}
      rowKey={({ name }) => name}
      columns={[
        {
          id: 'name',
          header: t('column.name'),
          cell: ({ name }) => <span className="font-mono text-meta">{name}</span>,
        },
        { id: 'role', header: t('column.role'), cell: ({ role }) => t(`role.${role}`) },
        {
          id: 'size',
          header: t('column.size'),
          align: 'end',
          cell: ({ content }) => format.bytes(content.length),
        },
        {
          id: 'remove',
          header: t('column.remove'),
          align: 'end',
          cell: ({ name }) => (
            <IconButton
              icon={X}
              size="small"
              label={t('remove', { name })}
              onClick={() => onRemove(name)}
            />
          ),
        },
      ]}
    />
  )
}
