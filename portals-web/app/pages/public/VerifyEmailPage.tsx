import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { errorCode } from '~/api/errors'
import { verifyEmail } from '~/api/welcome'
import { FormFailure } from '~/components/FormFailure'
import { EndState, PUBLIC_CARD, PublicFrame } from '~/components/PublicFrame'
import { TokenGate } from '~/components/TokenGate'
import { useTitle } from '~/hooks/use-title'
import { Button, buttonClass } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

/**
 * Where the mail to a new address leads to. It is confirmed by a press and not by the visit:
 * programs that look at mail follow links, too, and a link is good once.
 */
export default function VerifyEmailPage() {
  const { t } = useTranslation('welcome')
  const verification = useMutation({ mutationFn: verifyEmail })
  const isStale = errorCode(verification.error) === 'stale-token'
  const account = (
    <Link {...pb.account()} className={buttonClass('secondary', 'form')}>
      {t('email_verification.account')}
    </Link>
  )
  useTitle(t('email_verification.title'))
  if (verification.isSuccess) {
    return (
      <PublicFrame title={t('email_verification.title')}>
        <EndState icon={MailCheck} title={t('email_verification.doneTitle')} action={account}>
          {t('email_verification.doneBody')}
        </EndState>
      </PublicFrame>
    )
  }
  return (
    <PublicFrame
      title={t('email_verification.title')}
      lead={isStale ? undefined : t('email_verification.lead')}
    >
      <TokenGate isStale={isStale} stale={t('email_verification.stale')} action={account}>
        {(token) => (
          <div className={PUBLIC_CARD}>
            <FormFailure error={verification.error} />
            <Button
              variant="primary"
              size="form"
              disabled={verification.isPending}
              onClick={() => verification.mutate(token)}
            >
              {verification.isPending
                ? t('email_verification.busy')
                : t('email_verification.submit')}
            </Button>
          </div>
        )}
      </TokenGate>
    </PublicFrame>
  )
}
