import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { AuthenticatorSetUp } from '~/api/__generated__/schema'
import { confirmAuthenticator, removeAuthenticator, setUpAuthenticator } from '~/api/security'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { CopyText } from '~/components/CopyText'
import { FormFailure } from '~/components/FormFailure'
import { ProblemNotice } from '~/components/ProblemNotice'
import { QrCode } from '~/components/QrCode'
import { useSmallForm } from '~/hooks/use-small-form'
import { toast } from '~/stores/toasts'
import { Badge } from '~/ui/lib/Badge'
import { Button } from '~/ui/lib/Button'
import { Field, Input } from '~/ui/lib/Field'
import { FormDialog } from '~/ui/lib/FormDialog'
import { Panel } from '~/ui/lib/Panel'

export interface FactorPanelProps {
  /** Something has changed; with it new recovery codes may come. */
  onChanged: (recoveryCodes: readonly string[]) => Promise<void>
}

/** Codes of an app. */
export function AuthenticatorPanel({
  isSetUp,
  onChanged,
}: FactorPanelProps & { isSetUp: boolean }) {
  const { t } = useTranslation('account')
  const [setUp, setSetUp] = useState<AuthenticatorSetUp | null>(null)
  const [isRemoving, setRemoving] = useState(false)
  const begin = useMutation({ mutationFn: setUpAuthenticator, onSuccess: setSetUp })
  const removal = useMutation({
    mutationFn: removeAuthenticator,
    onSuccess: async () => {
      setRemoving(false)
      toast(t('totp.removed'))
      await onChanged([])
    },
  })
  return (
    <Panel
      title={
        <span className="flex items-center gap-2">
          {t('totp.title')}
          {isSetUp ? <Badge tone="success">{t('factor.on')}</Badge> : null}
        </span>
      }
    >
      <div className="flex flex-col items-start gap-3">
        <p className="text-ink-2">{t('totp.lead')}</p>
        {begin.error ? <ProblemNotice error={begin.error} /> : null}
        <div className="flex gap-2">
          <Button
            variant={isSetUp ? 'secondary' : 'primary'}
            disabled={begin.isPending}
            onClick={() => begin.mutate()}
          >
            {t(isSetUp ? 'totp.replace' : 'totp.begin')}
          </Button>
          {isSetUp ? (
            <Button variant="danger" onClick={() => setRemoving(true)}>
              {t('totp.remove')}
            </Button>
          ) : null}
        </div>
      </div>
      {setUp ? (
        <SetUpDialog
          setUp={setUp}
          onClose={() => setSetUp(null)}
          onDone={async (codes) => {
            setSetUp(null)
            toast(t('totp.done'))
            await onChanged(codes)
          }}
        />
      ) : null}
      {isRemoving ? (
        <ConfirmDialog
          title={t('totp.removeTitle')}
          confirm={t('totp.remove')}
          isDanger
          isBusy={removal.isPending}
          error={removal.error}
          onConfirm={() => removal.mutate()}
          onClose={() => setRemoving(false)}
        >
          <p>{t('totp.removeBody')}</p>
        </ConfirmDialog>
      ) : null}
    </Panel>
  )
}

interface SetUpDialogProps {
  setUp: AuthenticatorSetUp
  onDone: (recoveryCodes: string[]) => Promise<void>
  onClose: () => void
}

function SetUpDialog({ setUp: { secret, uri }, onDone, onClose }: SetUpDialogProps) {
  const { t } = useTranslation(['account', 'common'])
  const form = useSmallForm({
    initial: { code: '' },
    required: ['code'],
    send: async ({ code }) => onDone(await confirmAuthenticator(code.replaceAll(/\s/g, ''))),
  })
  return (
    <FormDialog
      title={t('totp.setUpTitle')}
      closeLabel={t('common:close')}
      cancel={t('common:cancel')}
      submit={form.isBusy ? t('totp.checking') : t('totp.confirm')}
      isBusy={form.isBusy}
      onSubmit={form.submit}
      onClose={onClose}
    >
      <ol className="flex list-decimal flex-col gap-4 ps-5">
        <li>
          <p>{t('totp.scan')}</p>
          <div className="mt-2 flex flex-wrap items-center gap-4">
            <QrCode text={uri} label={t('totp.code')} />
            <div className="min-w-0 flex-1 basis-48">
              <p className="pb-1 text-meta text-ink-2">{t('totp.byHand')}</p>
              <CopyText text={secret} />
            </div>
          </div>
        </li>
        <li>
          <Field label={t('totp.type')} error={form.faults.code}>
            {(control) => (
              <Input
                {...control}
                {...form.bind('code')}
                inputMode="numeric"
                autoComplete="one-time-code"
                maxLength={16}
                className="max-w-40 font-mono"
              />
            )}
          </Field>
        </li>
      </ol>
      <FormFailure error={form.error} />
    </FormDialog>
  )
}
