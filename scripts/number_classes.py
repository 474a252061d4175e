"""Writes the table of number classes and the samples that judge it. Run scripts/number-classes.

The metadata of the PyPI package `phonenumbers` (Google's libphonenumber, Apache-2.0) has regular
expressions for each region and class. All of them become one automaton over the digits of E.164:
at most 18 steps tell the class and the country of a number, without a regular expression.

The table, little endian:
    4 bytes  "DTNC"
    u16      version of the form, 1
    u16      count of outputs
    u16      place of the first state
    u16      spare
    outputs  3 bytes each: class, country as two letters (`\\0\\0` for none)
    lengths  1000 x u32: for each country code, bit n says that n digits may follow it; 0 for none
    states   u16 words; the place of a state counts words from here:
               bits 0-9   a 1 for each digit whose target differs from that of the digit before
               bit 15     an output follows
             then the output, if any, then a target for each 1; target 0 is no state.
"""

import random
import struct
import sys
from re import _constants as ops
from re import _parser as parser

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberType
from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as REGIONS

DIGITS_MAX = 18

# The numbers of the classes in the table; `routing_engine::numbers::class` has the same.
CLASSES = {
    "fixed_line": 1,
    "mobile": 2,
    "fixed_line_or_mobile": 3,
    "toll_free": 4,
    "premium_rate": 5,
    "shared_cost": 6,
    "voip": 7,
    "personal_number": 8,
    "pager": 9,
    "uan": 10,
    "voicemail": 11,
}
NAMES = {
    getattr(PhoneNumberType, name.upper()): name for name in CLASSES
}
DESCRIPTIONS = ["general_desc", *CLASSES]
DESCRIPTIONS.remove("fixed_line_or_mobile")

ANY = frozenset("0123456789")


class Patterns:
    """One automaton for all patterns of a country code; each end of it has a tag."""

    def __init__(self):
        self.moves = []  # (digits, next) of each place, or None
        self.empty = []  # places that are reached without a digit
        self.tags = {}

    def place(self):
        self.moves.append(None)
        self.empty.append([])
        return len(self.moves) - 1

    def add(self, pattern, tag, is_beginning=False):
        start, end = self.place(), self.place()
        self.sequence(parser.parse(pattern), start, end)
        self.tags[end] = tag
        if is_beginning:
            self.moves[end] = (ANY, end)
        return start

    def sequence(self, tree, start, end):
        at = start
        for operation, value in tree:
            at = self.element(operation, value, at)
        self.empty[at].append(end)

    def element(self, operation, value, start):
        end = self.place()
        if operation is ops.LITERAL:
            self.digits({chr(value)}, start, end)
        elif operation is ops.IN:
            self.digits(characters(value), start, end)
        elif operation is ops.SUBPATTERN:
            self.sequence(value[3], start, end)
        elif operation is ops.BRANCH:
            for branch in value[1]:
                first = self.place()
                self.empty[start].append(first)
                self.sequence(branch, first, end)
        elif operation is ops.MAX_REPEAT:
            least, most, tree = value
            assert most is not ops.MAXREPEAT, "a number has an end"
            at = start
            for count in range(most):
                if count >= least:
                    self.empty[at].append(end)
                after = self.place()
                self.sequence(tree, at, after)
                at = after
            self.empty[at].append(end)
        else:
            raise ValueError(f"{operation} is new in the metadata")
        return end

    def digits(self, digits, start, end):
        first = self.place()
        self.empty[start].append(first)
        self.moves[first] = (frozenset(digits), end)

    def closure(self, places):
        seen, todo = set(places), list(places)
        while todo:
            for after in self.empty[todo.pop()]:
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
        kept = (at for at in seen if self.moves[at] or at in self.tags)
        return frozenset(kept)

    def step(self, places, digit):
        moves = (self.moves[at] for at in places)
        return self.closure({move[1] for move in moves if move and digit in move[0]})


def characters(members):
    found = set()
    for operation, value in members:
        if operation is ops.LITERAL:
            found.add(chr(value))
        elif operation is ops.RANGE:
            found.update(map(chr, range(value[0], value[1] + 1)))
        elif (operation, value) == (ops.CATEGORY, ops.CATEGORY_DIGIT):
            found.update(ANY)
        else:
            raise ValueError(f"{operation} is new in the metadata")
    return found & ANY


def metadata_of(code, region):
    return PhoneMetadata.metadata_for_region_or_calling_code(code, region)


class CountryCode:
    """The plan of one country code."""

    def __init__(self, code):
        self.code = code
        self.patterns = Patterns()
        self.regions = []
        starts = []
        for region in REGIONS[code]:
            metadata = metadata_of(code, region)
            self.regions.append((region, metadata))
            for name in DESCRIPTIONS:
                description = getattr(metadata, name)
                if description is not None and description.national_number_pattern:
                    pattern = description.national_number_pattern
                    starts.append(self.patterns.add(pattern, (region, name)))
            if metadata.leading_digits is not None:
                tag = (region, "leading")
                starts.append(self.patterns.add(metadata.leading_digits, tag, is_beginning=True))
        self.start = self.patterns.closure(starts)

    def output(self, places, length):
        """As `phonenumberutil.number_type` finds it."""
        tags = {self.patterns.tags[at] for at in places if at in self.patterns.tags}
        is_one = len(self.regions) == 1
        for region, metadata in self.regions:
            found = number_class(region, metadata, tags, length)
            by_digits = metadata.leading_digits is not None and not is_one
            is_here = (region, "leading") in tags if by_digits else is_one or found
            if is_here:
                return found and (CLASSES[found], "" if region == "001" else region)
        return None

    def lengths(self):
        lengths = self.regions[0][1].general_desc.possible_length
        return sum(1 << length for length in lengths if length > 0)


def number_class(region, metadata, tags, length):
    def has(name):
        description = getattr(metadata, name)
        fits = not description or not description.possible_length or length in description.possible_length
        return (region, name) in tags and fits

    if not has("general_desc"):
        return None
    for name in ["premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail"]:
        if has(name):
            return name
    is_same = metadata.same_mobile_and_fixed_line_pattern
    if has("fixed_line"):
        return "fixed_line_or_mobile" if is_same or has("mobile") else "fixed_line"
    return "mobile" if not is_same and has("mobile") else None


class Table:
    """The automaton, with equal states once."""

    def __init__(self):
        self.states = {}

    def of_all(self):
        children = {}
        for code in sorted(REGIONS):
            children[str(code)] = self.of_code(CountryCode(code))
        return self.of_codes("", children)

    def of_codes(self, begun, children):
        if begun in children:
            return children[begun]
        if not any(code.startswith(begun) for code in children):
            return None
        return self.state(None, [self.of_codes(begun + digit, children) for digit in "0123456789"])

    def of_code(self, plan):
        known = {}

        def visit(places, length):
            if not places or length > DIGITS_MAX - len(str(plan.code)):
                return None
            key = (places, length)
            if key not in known:
                after = [visit(plan.patterns.step(places, digit), length + 1) for digit in "0123456789"]
                known[key] = self.state(plan.output(places, length), after)
            return known[key]

        return visit(plan.start, 0)

    def state(self, output, after):
        if output is None and not any(after):
            return None
        state = (output, tuple(after))
        return self.states.setdefault(state, len(self.states) + 1)


def words_of(table, root):
    """The states as words, and the outputs; equal runs of digits have one target."""
    by_number = {number: state for state, number in table.states.items()}
    outputs = sorted({state[0] for state in table.states if state[0]})
    places, at = {None: 0}, 1
    for number, (output, after) in by_number.items():
        places[number] = at
        at += 1 + (output is not None) + runs(after)
    assert at <= 0x10000, f"{at} words do not fit 16 bits"
    words = [0]
    for number, (output, after) in by_number.items():
        mask = sum(1 << d for d in range(10) if d == 0 or after[d] != after[d - 1])
        words.append(mask | (0x8000 if output else 0))
        if output:
            words.append(outputs.index(output))
        words.extend(places[after[d]] for d in range(10) if mask >> d & 1)
    assert len(words) == at
    return words, outputs, places[root]


def runs(after):
    return sum(1 for d in range(10) if d == 0 or after[d] != after[d - 1])


def written(words, outputs, root):
    head = struct.pack("<4sHHHH", b"DTNC", 1, len(outputs), root, 0)
    body = b"".join(struct.pack("<B2s", number, country.encode()) for number, country in outputs)
    lengths = [CountryCode(code).lengths() if code in REGIONS else 0 for code in range(1000)]
    return head + body + struct.pack("<1000I", *lengths) + struct.pack(f"<{len(words)}H", *words)


def sampled(draw, tree):
    """Digits that a pattern makes."""
    text = ""
    for operation, value in tree:
        if operation is ops.LITERAL:
            text += chr(value)
        elif operation is ops.IN:
            text += draw.choice(sorted(characters(value)))
        elif operation is ops.SUBPATTERN:
            text += sampled(draw, value[3])
        elif operation is ops.BRANCH:
            text += sampled(draw, draw.choice(value[1]))
        else:
            least, most, repeated = value
            text += "".join(sampled(draw, repeated) for _ in range(draw.randint(least, most)))
    return text


def answer(code, national):
    """What the library itself says: class, country, whether the length is possible."""
    zeros = len(national) - len(national.lstrip("0"))
    number = PhoneNumber(country_code=code, national_number=int(national))
    if zeros:
        # The last digit is the number itself, even when it is a zero.
        zeros = min(zeros, len(national) - 1)
        number.italian_leading_zero, number.number_of_leading_zeros = True, zeros
    assert phonenumbers.national_significant_number(number) == national
    found = phonenumbers.number_type(number)
    name = NAMES.get(found, "none")
    country = phonenumbers.region_code_for_number(number) if found in NAMES else None
    is_possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    return name, country if country not in (None, "001") else "-", is_possible


def samples(draw, each):
    """Numbers of all patterns, such with a digit more, less or another, and numbers of chance."""
    found = set()
    for code in sorted(REGIONS):
        for region in REGIONS[code]:
            metadata = metadata_of(code, region)
            for name in DESCRIPTIONS:
                description = getattr(metadata, name)
                if description is None or not description.national_number_pattern:
                    continue
                tree = parser.parse(description.national_number_pattern)
                for _ in range(each):
                    text = sampled(draw, tree)
                    found.add((code, text))
                    at = draw.randrange(len(text))
                    other = text[:at] + draw.choice("0123456789") + text[at + 1 :]
                    found.add((code, draw.choice([text + draw.choice("0123456789"), text[:-1], other])))
        for _ in range(each):
            found.add((code, "".join(draw.choices("0123456789", k=draw.randint(1, 15)))))
    return sorted((code, text) for code, text in found if 0 < len(text) <= DIGITS_MAX - len(str(code)))


def walked(words, outputs, root, digits):
    at = root
    for digit in digits:
        mask = words[at]
        kept = mask & ((2 << int(digit)) - 1) & 0x3FF
        at = words[at + (mask >> 15) + kept.bit_count()]
        if at == 0:
            return None
    return outputs[words[at + 1]] if words[at] >> 15 else None


def main(table_path, samples_path):
    table = Table()
    words, outputs, root = words_of(table, table.of_all())
    data = written(words, outputs, root)
    by_number = {number: name for name, number in CLASSES.items()}
    draw = random.Random(20)
    checked = samples(draw, 40)
    for code, national in checked:
        name, country, _ = answer(code, national)
        found = walked(words, outputs, root, f"{code}{national}")
        mine = (by_number[found[0]], found[1] or "-") if found else ("none", "-")
        assert mine == (name, country), f"+{code} {national}: {mine}, not {name} {country}"
    with open(table_path, "wb") as file:
        file.write(data)
    draw = random.Random(7)
    with open(samples_path, "w", encoding="ascii") as file:
        file.write(f"# number, class, country, length possible: answers of phonenumbers {phonenumbers.__version__}\n")
        for code, national in samples(draw, 2):
            name, country, is_possible = answer(code, national)
            file.write(f"{code}{national} {name} {country} {'yes' if is_possible else 'no'}\n")
    print(f"{len(table.states)} states, {len(words)} words, {len(data)} bytes, {len(checked)} numbers checked")


main(*sys.argv[1:])
