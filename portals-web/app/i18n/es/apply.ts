import type { apply as english } from '../en/apply'
import type { Translation } from '../translation'

export const apply: Translation<typeof english> = {
  title: 'Aplicar archivos',
  lead: 'Cambia muchos recursos a la vez. Todos los archivos entran en vigor juntos, o ninguno; las llamadas en curso siguen.',
  drop: 'Soltar archivos aquí, o',
  choose: 'Elegir archivos',
  accepts: 'Recursos en .yaml, tablas de tarifas en .csv o .csv.gz.',
  files: 'Archivos',
  column: { name: 'Nombre', role: 'Contenido', size: 'Tamaño', remove: 'Quitar' },
  role: { resources: 'Recursos', deck: 'Tabla de tarifas' },
  remove: 'Quitar {{name}}',
  clear: 'Quitar todos',
  wrongType: '{{name}} no es .yaml, .csv ni .csv.gz y se omitió.',
  unreadable: '{{name}} no se puede leer como texto UTF-8 y se omitió.',
  tooLong: 'Todos los archivos juntos pueden ocupar 96 MiB. {{name}} se omitió.',
  noResources: 'Agregar un archivo con recursos: una tabla de tarifas sola no cambia nada.',
  missingDecks: 'Un tarifario nombra una tabla que no está entre los archivos: {{names}}.',
  preview: 'Vista previa de los cambios',
  previewing: 'Comparando…',
  apply_one: 'Aplicar {{count}} cambio',
  apply_many: 'Aplicar {{count}} de cambios',
  apply_other: 'Aplicar {{count}} cambios',
  applying: 'Aplicando…',
  nothing: 'Nada que aplicar: todo está ya como dicen los archivos.',
  changes: 'Qué cambiaría',
  applied: 'Aplicado',
  appliedBody_one: '{{count}} recurso cambió. Las llamadas nuevas usan la instantánea {{number}}.',
  appliedBody_many:
    '{{count}} de recursos cambiaron. Las llamadas nuevas usan la instantánea {{number}}.',
  appliedBody_other:
    '{{count}} recursos cambiaron. Las llamadas nuevas usan la instantánea {{number}}.',
  appliedChanges: 'Qué ha cambiado',
  unchanged_one: '{{count}} recurso queda como está.',
  unchanged_many: '{{count}} de recursos quedan como están.',
  unchanged_other: '{{count}} recursos quedan como están.',
  action: { created: 'Nuevo', updated: 'Cambiado', deleted: 'Eliminado', unchanged: 'Sin cambios' },
  field: 'Campo',
  before: 'Antes',
  after: 'Después',
  notSet: 'Sin definir',
  differences: 'Campos de {{kind}} {{name}}',
  problems: 'No se aplicó nada',
  problemsBody_one:
    'Hay {{count}} error en los archivos. Corregirlo y agregar el archivo de nuevo.',
  problemsBody_many:
    'Hay {{count}} de errores en los archivos. Corregirlos y agregar los archivos de nuevo.',
  problemsBody_other:
    'Hay {{count}} errores en los archivos. Corregirlos y agregar los archivos de nuevo.',
  place: 'Línea {{line}}',
  placeColumn: 'Línea {{line}}, columna {{column}}',
  empty: 'Aún no hay archivos',
  emptyBody:
    'Agregar los archivos que describen cómo debe quedar. Cada cambio se muestra antes de hacerse.',
  open: 'Abrir {{name}}',
}
