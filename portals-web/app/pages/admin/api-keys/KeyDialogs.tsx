import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ApiKey, ApiKeySecretShown } from '~/api/__generated__/schema'
import { revokeApiKey, rotateApiKey } from '~/api/access'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { CopyText } from '~/components/CopyText'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Dialog } from '~/ui/lib/Dialog'
import { Checkbox, Field, Select } from '~/ui/lib/Field'

export interface SecretDialogProps {
  secret: ApiKeySecretShown
  onClose: () => void
}

/** Shown this once: closing is possible when it is said that it is copied. */
export function SecretDialog({ secret, onClose }: SecretDialogProps) {
  const { t } = useTranslation(['access', 'common'])
  const [isKept, setKept] = useState(false)
  return (
    <Dialog
      title={t('shown.title', { name: secret.api_key.name })}
      closeLabel={t('common:close')}
      onClose={() => {
        if (isKept) onClose()
      }}
    >
      <div className="flex flex-col gap-4 p-4">
        <p className="font-medium">{t('shown.lead')}</p>
        <div className="rounded-control bg-subtle p-3">
          <CopyText text={secret.key} />
        </div>
        <p className="text-ink-2">
          {t('shown.how')} <code className="font-mono text-meta">{'Authorization: Bearer …'}</code>
        </p>
        <label className="flex min-h-6 cursor-pointer items-center gap-2">
          <Checkbox checked={isKept} onChange={(event) => setKept(event.target.checked)} />
          {t('shown.kept')}
        </label>
      </div>
      <footer className="flex justify-end border-t border-line px-4 py-3">
        <Button variant="primary" disabled={!isKept} onClick={onClose}>
          {t('shown.done')}
        </Button>
      </footer>
    </Dialog>
  )
}

/** Seconds that an old secret can go on to count. */
const WINDOWS = ['0', '3600', '86400', '604800'] as const
type Window = (typeof WINDOWS)[number]

export interface RotateDialogProps {
  apiKey: ApiKey
  onDone: (secret: ApiKeySecretShown) => Promise<void>
  onClose: () => void
}

export function RotateDialog({ apiKey, onDone, onClose }: RotateDialogProps) {
  const { t } = useTranslation('access')
  const [seconds, setSeconds] = useState<Window>('86400')
  const rotation = useMutation({
    mutationFn: () => rotateApiKey(apiKey.id, Number(seconds)),
    onSuccess: onDone,
  })
  return (
    <ConfirmDialog
      title={t('rotate.title', { name: apiKey.name })}
      confirm={rotation.isPending ? t('rotate.busy') : t('rotate.button')}
      isBusy={rotation.isPending}
      error={rotation.error}
      onConfirm={() => rotation.mutate()}
      onClose={onClose}
    >
      <p className="text-ink-2">{t('rotate.lead')}</p>
      <Field label={t('rotate.previous')}>
        {(control) => (
          <Select
            {...control}
            value={seconds}
            onChange={(event) => setSeconds(event.target.value as Window)}
          >
            {WINDOWS.map((value) => (
              <option key={value} value={value}>
                {t(`rotate.window.${value}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </ConfirmDialog>
  )
}

export interface RevokeDialogProps {
  apiKey: ApiKey
  onDone: () => Promise<void>
  onClose: () => void
}

export function RevokeDialog({ apiKey: { id, name }, onDone, onClose }: RevokeDialogProps) {
  const { t } = useTranslation('access')
  const revocation = useMutation({
    mutationFn: () => revokeApiKey(id),
    onSuccess: async () => {
      toast(t('revoke.done', { name }))
      await onDone()
    },
  })
  return (
    <ConfirmDialog
      title={t('revoke.title', { name })}
      confirm={t('revoke.button')}
      isDanger
      isBusy={revocation.isPending}
      error={revocation.error}
      onConfirm={() => revocation.mutate()}
      onClose={onClose}
    >
      <p>{t('revoke.body')}</p>
    </ConfirmDialog>
  )
}
