import { useMutation, useQueryClient } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { importResources, type Kind } from '~/api/resources'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { useFormat } from '~/hooks/use-format'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { inSentence } from '~/util/sentence'

export interface ImportDialogProps {
  kind: Kind
  onClose: () => void
}

type MediaType = 'text/csv' | 'application/yaml'

/** A file of many: a table or YAML. */
export function ImportDialog({ kind, onClose }: ImportDialogProps) {
  const { t } = useTranslation('configuration')
  const format = useFormat()
  const client = useQueryClient()
  const inputRef = useRef<HTMLInputElement>(null)
  const [file, setFile] = useState<File | null>(null)
  const type = file && typeOf(file.name)
  const sending = useMutation({
    mutationFn: async (chosen: { file: File; type: MediaType }) =>
      importResources(kind.plural, await chosen.file.text(), chosen.type),
    onSuccess: async ({ changes }) => {
      const count = changes.filter(({ action }) => action !== 'unchanged').length
      toast(t('import.done', { count, formatted: format.count(count) }))
      onClose()
      await client.invalidateQueries({ queryKey: ['resources'] })
    },
  })
  return (
    <ConfirmDialog
      title={t('import.title', { kind: inSentence(kind.title_plural) })}
      confirm={sending.isPending ? t('import.sending') : t('import.send')}
      isBusy={!type || sending.isPending}
      error={sending.error}
      onConfirm={() => file && type && sending.mutate({ file, type })}
      onClose={onClose}
    >
      <p>{t('import.lead')}</p>
      <div className="flex items-center gap-2">
        <Button onClick={() => inputRef.current?.click()}>
          <FileUp aria-hidden size={16} strokeWidth={1.75} />
          {t('import.choose')}
        </Button>
        {file ? <span className="truncate font-mono text-meta">{file.name}</span> : null}
      </div>
      {file && !type ? (
        <p role="alert" className="text-danger">
          {t('import.wrongType')}
        </p>
      ) : null}
      <input
        ref={inputRef}
        type="file"
        hidden
        data-testid="import"
        accept=".csv,.yaml,.yml"
        onChange={(event) => {
          setFile(event.target.files?.[0] ?? null)
          sending.reset()
          event.target.value = ''
        }}
      />
    </ConfirmDialog>
  )
}

function typeOf(name: string): MediaType | null {
  if (/\.csv$/i.test(name)) return 'text/csv'
  return /\.ya?ml$/i.test(name) ? 'application/yaml' : null
}
