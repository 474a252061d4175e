import { Link } from '@tanstack/react-router'
import { MapPinOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { useTitle } from '~/hooks/use-title'
import { buttonClass } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

export default function NotFoundPage() {
  const { t } = useTranslation('shell')
  useTitle(t('notFound.title'))
  return (
    <div className="flex h-full flex-col items-center justify-center gap-1 px-6 py-16 text-center">
      <MapPinOff aria-hidden size={24} strokeWidth={1.75} className="mb-2 text-ink-3" />
      <h1 className="text-page font-semibold">{t('notFound.title')}</h1>
      <p className="text-ink-2">{t('notFound.lead')}</p>
      <Link {...pb.live()} className={buttonClass('primary') + ' mt-4'}>
        {t('notFound.home')}
      </Link>
    </div>
  )
}
