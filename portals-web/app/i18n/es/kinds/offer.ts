/** What the switch says of rate cards, roles, routes, schedules and translation rules, by its English words. */
export const offer: Record<string, string> = {
  'What calls to each prefix cost: a currency, defaults, and rows, either in a file beside or in place. Its assignment is shown, and calls do not read it yet: a customer pays by the card it names.':
    'Cuánto cuestan las llamadas a cada prefijo: una moneda, valores por defecto y filas, en un archivo adjunto o en su lugar. Su asignación se muestra, y las llamadas aún no la leen: un cliente paga según el tarifario que nombra.',
  'To how many decimals the amount of a call is rounded.':
    'A cuántos decimales se redondea el importe de una llamada.',
  'How the amount of a call is rounded, once, when it is whole.':
    'Cómo se redondea el importe de una llamada, una vez, cuando está completo.',
  'For rows that do not say: charged once per call or attempt that was sent, answered or not.':
    'Para filas que no lo dicen: se cobra una vez por llamada o intento enviado, contestado o no.',
  'an attempt': 'por intento',
  'How its rows are made from those of other cards.':
    'Cómo se forman sus filas de las de otros tarifarios.',
  'it has rows of its own': 'tiene filas propias',
  'What is made of the rates of several parents.': 'Qué se hace con las tarifas de varios padres.',
  'The mean of each price and fee, with the longest intervals of them.':
    'La media de cada precio y cargo, con los intervalos más largos de ellos.',
  'The parent whose talk is expected to cost most: no route is then sold below its cost.':
    'El padre cuya conversación se espera que cueste más: ninguna ruta se vende entonces por debajo de su costo.',
  'The parent whose talk is expected to cost least.':
    'El padre cuya conversación se espera que cueste menos.',
  'To how many decimals prices and fees are rounded up.':
    'A cuántos decimales se redondean hacia arriba precios y cargos.',
  'The least price of a minute.': 'El precio mínimo de un minuto.',
  'a minute': 'por minuto',
  'Whose billing intervals and grace period a built row has.':
    'De quién son los intervalos de facturación y el período de gracia de una fila formada.',
  'Those of the card itself.': 'Los del propio tarifario.',
  "Those of the parent's row.": 'Los de la fila del padre.',
  'Added to each price of a minute, after the percentage.':
    'Se suma a cada precio de un minuto, después del porcentaje.',
  'Added to each price and fee, in percent of it.':
    'Se suma a cada precio y cargo, en por ciento de él.',
  'Other margins for some numbers. One for a destination goes before those for prefixes, and of these the longest counts.':
    'Otros márgenes para algunos números. Uno para un destino va antes que los de prefijos, y de estos vale el más largo.',
  'For rows of this destination.': 'Para filas de este destino.',
  "the card's": 'el del tarifario',
  'For rows whose prefix begins with these digits.':
    'Para filas cuyo prefijo empieza por estos dígitos.',
  'The cards that it is made from. One that lacks a prefix counts with its longest beginning of it.':
    'Los tarifarios de los que se forma. Uno al que le falta un prefijo cuenta con su comienzo más largo.',
  'Whether the card follows its parents.': 'Si el tarifario sigue a sus padres.',
  'It is built anew by each push that changes a parent or an exchange rate.':
    'Se forma de nuevo con cada publicación que cambia un padre o un tipo de cambio.',
  'It stays as it was built until the card itself changes; it is shown as stale meanwhile.':
    'Queda como se formó hasta que cambia el propio tarifario; entretanto se muestra como desactualizado.',
  'Raise it to have a card built anew that does not follow its parents.':
    'Aumentarlo para formar de nuevo un tarifario que no sigue a sus padres.',
  'For rows that do not say: charged once per answered call.':
    'Para filas que no lo dicen: se cobra una vez por llamada contestada.',
  'a call': 'por llamada',
  'Three capital letters of ISO 4217: USD, the currency of the books, or one that has an exchange rate.':
    'Tres letras mayúsculas de ISO 4217: USD, la moneda de los libros, o una que tiene tipo de cambio.',
  'How talk time is rounded to whole seconds, before intervals are counted.':
    'Cómo se redondea el tiempo de conversación a segundos enteros, antes de contar intervalos.',
  'For rows that do not say: an answered call of at most so long costs no more than an unanswered one.':
    'Para filas que no lo dicen: una llamada contestada de como máximo esta duración no cuesta más que una no contestada.',
  'For rows that do not say: length of the first interval.':
    'Para filas que no lo dicen: duración del primer intervalo.',
  'For rows that do not say: length of each further interval.':
    'Para filas que no lo dicen: duración de cada intervalo posterior.',
  'Names for groups of calling numbers, for the `origin` of rows. A deck that was imported has the prefixes that a group had then: when a group changes, import the deck again.':
    'Nombres de grupos de números que llaman, para el `origin` de las filas. Una tabla importada tiene los prefijos que un grupo tenía entonces: cuando un grupo cambia, importar la tabla de nuevo.',
  'What rows call it; it begins with a letter. Case does not count, and words such as `all` and `interstate` are taken.':
    'Cómo lo llaman las filas; empieza por una letra. No se distinguen mayúsculas, y palabras como `all` e `interstate` están ocupadas.',
  'What the calling numbers begin with, at most 15 digits each.':
    'Por qué empiezan los números que llaman, como máximo 15 dígitos cada uno.',
  'The rows themselves; a card has either these or a `rates_file`. Of a card that is built from others they are its own prices, before those that are built.':
    'Las propias filas; un tarifario tiene estas o un `rates_file`. De un tarifario formado de otros son sus precios propios, antes que los formados.',
  'Charged once per call or attempt that was sent, answered or not.':
    'Se cobra una vez por llamada o intento enviado, contestado o no.',
  'Charged once per answered call.': 'Se cobra una vez por llamada contestada.',
  'The name of what lies behind the prefix.': 'El nombre de lo que está detrás del prefijo.',
  'An answered call of at most so long costs no more than an unanswered one.':
    'Una llamada contestada de como máximo esta duración no cuesta más que una no contestada.',
  'Length of the first interval.': 'Duración del primer intervalo.',
  'Price of a minute in the first interval.': 'Precio de un minuto en el primer intervalo.',
  '`rate_per_minute`': '`rate_per_minute`',
  'Length of each further interval.': 'Duración de cada intervalo posterior.',
  "The calls that it is for by who calls: leading digits of the calling number, the name of one of the card's `origin_sets`, or for calls to +1 `interstate`, `intrastate` or `indeterminate`. The longest prefix of the called number counts first, then the longest origin, then the jurisdiction.":
    'Para qué llamadas es según quién llama: primeros dígitos del número que llama, el nombre de uno de los `origin_sets` del tarifario o, para llamadas a +1, `interstate`, `intrastate` o `indeterminate`. Vale primero el prefijo más largo del número llamado, luego el origen más largo, luego la jurisdicción.',
  'all calls': 'todas las llamadas',
  'The digits a called number must begin with: E.164 without `+`.':
    'Los dígitos por los que debe empezar un número llamado: E.164 sin `+`.',
  'Price of a minute, at most 9 decimals.': 'Precio de un minuto, como máximo 9 decimales.',
  'Path of a rate deck, `.csv` or `.csv.gz`, relative to the file that this stands in; a card has either this or `rates`.':
    'Ruta de una tabla de tarifas, `.csv` o `.csv.gz`, relativa al archivo en el que figura esto; un tarifario tiene esto o `rates`.',
  'What users of a portal may do: a set of permissions, beside the roles that are built in.':
    'Qué pueden hacer los usuarios de un portal: un conjunto de permisos, además de los roles incorporados.',
  'A note for whoever gives the role.': 'Una nota para quien da el rol.',
  'What they may do.': 'Qué pueden hacer.',
  'Whose users may have it.': 'De quién pueden ser los usuarios que lo tienen.',
  'Those of a carrier.': 'Los de un carrier.',
  'Those of a customer.': 'Los de un cliente.',
  'Those of the platform or of an operator.': 'Los de la plataforma o de un operador.',
  'Whether they must sign in with a second factor.':
    'Si deben iniciar sesión con un segundo factor.',
  'Routes that belong together, some as primary and some as backup. A route that stands in groups is taken by customers who get it and one of its groups.':
    'Rutas que van juntas, algunas como principales y otras como respaldo. Una ruta que está en grupos la toman los clientes que la reciben y uno de sus grupos.',
  'The routes.': 'Las rutas.',
  'Primary routes go before backups, whatever their priorities.':
    'Las rutas principales van antes que las de respaldo, sean cuales sean sus prioridades.',
  'It goes after all primary routes.': 'Va después de todas las rutas principales.',
  'It goes first.': 'Va primero.',
  'The route.': 'La ruta.',
  'Whether calls take its routes.': 'Si las llamadas toman sus rutas.',
  'Which carrier serves which numbers, for the customers it is assigned to. Carriers with a route go before those without one; the LCR profile orders each of the two. Several routes that fit a call and lead to one trunk count as one: that which is assigned most specifically, else the one with the longest prefix.':
    'Qué carrier atiende qué números, para los clientes a los que está asignada. Los carriers con ruta van antes que los que no la tienen; el perfil LCR ordena a unos y otros. Varias rutas que corresponden a una llamada y llevan a una misma troncal cuentan como una: la asignada más específicamente o, si no, la de prefijo más largo.',
  'What calling numbers begin with, as they are after translation.':
    'Por qué empiezan los números que llaman, como están después de la traducción.',
  'To whom calls go: by any of its egress trunks.':
    'A quién van las llamadas: por cualquiera de sus troncales de salida.',
  'Attempts and calls by it at the same time, over all customers that take it. Calls go on to the next trunk when it is full.':
    'Intentos y llamadas simultáneos por ella, de todos los clientes que la toman. Las llamadas pasan a la troncal siguiente cuando está llena.',
  'New attempts per second by it, over all customers that take it.':
    'Intentos nuevos por segundo por ella, de todos los clientes que la toman.',
  'Whether calls that it fits take such routes only; otherwise carriers without a route follow. Of several, those count that are assigned most specifically, and among these the longest prefix.':
    'Si las llamadas a las que corresponde toman solo tales rutas; si no, siguen carriers sin ruta. De varias valen las asignadas más específicamente, y entre ellas el prefijo más largo.',
  'What called numbers begin with, digits of E.164 without `+`.':
    'Por qué empiezan los números llamados, dígitos de E.164 sin `+`.',
  "In place of the trunk's: the lower goes first, for profiles that order by priority.":
    'En lugar de la de la troncal: la menor va primero, para perfiles que ordenan por prioridad.',
  'When calls take it.': 'Cuándo la toman las llamadas.',
  always: 'siempre',
  'Whether calls take it.': 'Si las llamadas la toman.',
  'Tags that a call must not have, none of them.':
    'Etiquetas que una llamada no debe tener, ninguna de ellas.',
  none: 'ninguna',
  'Tags that a call must have, all of them; number lists put them on calls.':
    'Etiquetas que una llamada debe tener, todas; las listas de números las ponen en las llamadas.',
  'The one egress trunk that calls go by; a route has either this or a carrier.':
    'La única troncal de salida por la que van las llamadas; una ruta tiene esta o un carrier.',
  'The tier it belongs to: customers that the tier is not assigned to do not take it.':
    'El nivel al que pertenece: los clientes a los que el nivel no está asignado no la toman.',
  'every tier': 'todos los niveles',
  "In place of the trunk's: share of the calls among routes of equal priority, for profiles that split by weight.":
    'En lugar del de la troncal: parte de las llamadas entre rutas de igual prioridad, para perfiles que reparten por peso.',
  'When something counts: hours of a week in a time zone, without holidays.':
    'Cuándo vale algo: horas de una semana en una zona horaria, sin feriados.',
  'Days on which it is closed all day.': 'Días en los que está cerrado todo el día.',
  'The day of the month.': 'El día del mes.',
  'The month.': 'El mes.',
  'What day it is.': 'Qué día es.',
  'The year.': 'El año.',
  'every year': 'todos los años',
  'The hours; the schedule is open within any of them.':
    'Las horas; el horario está abierto dentro de cualquiera de ellas.',
  'The days.': 'Los días.',
  'The first minute, `hh:mm`.': 'El primer minuto, `hh:mm`.',
  'The first minute that no longer counts, `hh:mm`; `24:00` is the end of the day. A time before `from` is of the day after.':
    'El primer minuto que ya no cuenta, `hh:mm`; `24:00` es el fin del día. Una hora anterior a `from` es del día siguiente.',
  'The zone that hours and dates are of, by its name in the IANA database.':
    'La zona de las horas y fechas, por su nombre en la base de datos IANA.',
  'How numbers are rewritten, for those customers, carriers and trunks that name the rules: the first rule that fits is applied, and no other.':
    'Cómo se reescriben los números, para los clientes, carriers y troncales que nombran las reglas: se aplica la primera regla que corresponde, y ninguna otra.',
  'The rules, in the order in which they are tried; a number that none fits stays as it is.':
    'Las reglas, en el orden en que se prueban; un número al que no corresponde ninguna queda como está.',
  "A regular expression that the whole number must fit; it is compiled so that its time is linear in the number's length.":
    'Una expresión regular que debe cumplir todo el número; se compila de modo que su tiempo es lineal en la longitud del número.',
  'What a number must begin with; it is taken off. A rule has either this or a pattern.':
    'Por qué debe empezar un número; se quita. Una regla tiene esto o un patrón.',
  'Put in place of the prefix, or the whole number that a pattern makes, with `$1` to `$9` for its groups.':
    'Se pone en lugar del prefijo, o es todo el número que forma un patrón, con `$1` a `$9` para sus grupos.',
}
