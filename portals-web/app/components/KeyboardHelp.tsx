import { useTranslation } from 'react-i18next'

import { singleKeysPreference } from '~/stores/preferences'
import { useStore } from '~/stores/persistent'
import { Dialog } from '~/ui/lib/Dialog'
import { Kbd } from '~/ui/lib/Kbd'
import { isMac, keyCaps, type ShortcutGroup, type ShortcutId, SHORTCUTS } from '~/util/shortcuts'

const GROUPS: readonly ShortcutGroup[] = ['general', 'goTo', 'tables']
const IDS = Object.keys(SHORTCUTS) as ShortcutId[]

export function KeyboardHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['palette', 'common'])
  const singleKeys = useStore(singleKeysPreference)
  const mac = isMac(navigator.userAgent)
  return (
    <Dialog title={t('keys.title')} closeLabel={t('common:close')} onClose={onClose}>
      <div className="overflow-y-auto p-4">
        {GROUPS.map((group) => (
          <section key={group} className="mb-4">
            <h3 className="mb-1 text-label font-medium tracking-[0.04em] text-ink-3 uppercase">
              {t(`keys.group.${group}`)}
            </h3>
            <dl>
              {IDS.filter((id) => SHORTCUTS[id].group === group).map((id) => (
                <Row key={id} label={t(`keys.${id}`)} presses={keyCaps(id, mac)} />
              ))}
              {group === 'tables' ? (
                <>
                  <Row label={t('keys.rowOpen')} presses={[['Enter']]} />
                  <Row label={t('keys.rowClear')} presses={[['Esc']]} />
                </>
              ) : null}
            </dl>
          </section>
        ))}
        <label className="flex cursor-pointer items-start gap-2 border-t border-line pt-3">
          <input
            type="checkbox"
            className="mt-0.5 size-4 accent-primary"
            checked={singleKeys === 'on'}
            onChange={(event) => singleKeysPreference.set(event.target.checked ? 'on' : 'off')}
          />
          <span>
            {t('keys.singleKeys')}
            <span className="block text-meta text-ink-3">{t('keys.singleKeysHelp')}</span>
          </span>
        </label>
      </div>
    </Dialog>
  )
}

function Row({ label, presses }: { label: string; presses: string[][] }) {
  const { t } = useTranslation('palette')
  return (
    <div className="flex h-8 items-center justify-between border-b border-line last:border-0">
      <dt>{label}</dt>
      <dd className="flex items-center gap-1.5 text-meta text-ink-3">
        {presses.map((keys, index) => (
          <span key={keys.join()} className="flex items-center gap-1.5">
            {index > 0 ? t('keys.sequence') : null}
            <span className="flex gap-1">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </span>
          </span>
        ))}
      </dd>
    </div>
  )
}
