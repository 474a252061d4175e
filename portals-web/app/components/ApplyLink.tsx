import { Link } from '@tanstack/react-router'
import { FileUp } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { buttonClass } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

/** The way to where the configuration is changed. */
export function ApplyLink() {
  const { t } = useTranslation('configuration')
  return (
    <Link {...pb.apply()} className={buttonClass('secondary', 'default')}>
      <FileUp aria-hidden size={16} strokeWidth={1.75} />
      {t('byFiles')}
    </Link>
  )
}
