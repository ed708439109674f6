package org.lapidary.io;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Python's pickle opcodes. Those that {@link Unpickler} does not act on are here for their names.
 *
 * @see <a href="https://github.com/python/cpython/blob/3.13/Lib/pickletools.py">pickletools</a>
 */
enum Opcode {
  PROTO(0x80),
  FRAME(0x95),
  STOP('.'),
  MARK('('),
  NONE('N'),
  NEWTRUE(0x88),
  NEWFALSE(0x89),
  BININT('J'),
  BININT1('K'),
  BININT2('M'),
  LONG1(0x8a),
  BINFLOAT('G'),
  BINUNICODE('X'),
  SHORT_BINUNICODE(0x8c),
  BINUNICODE8(0x8d),
  BINSTRING('T'),
  SHORT_BINSTRING('U'),
  BINBYTES('B'),
  SHORT_BINBYTES('C'),
  BINBYTES8(0x8e),
  EMPTY_TUPLE(')'),
  TUPLE('t'),
  TUPLE1(0x85),
  TUPLE2(0x86),
  TUPLE3(0x87),
  EMPTY_LIST(']'),
  APPEND('a'),
  APPENDS('e'),
  EMPTY_DICT('}'),
  SETITEM('s'),
  SETITEMS('u'),
  BINPUT('q'),
  LONG_BINPUT('r'),
  MEMOIZE(0x94),
  BINGET('h'),
  LONG_BINGET('j'),
  GLOBAL('c'),
  STACK_GLOBAL(0x93),
  REDUCE('R'),
  NEWOBJ(0x81),
  BUILD('b'),
  BINPERSID('Q'),
  // Known, not acted on: text forms of protocol 0, sets, extensions, buffers and stack juggling.
  INT('I'),
  LONG('L'),
  LONG4(0x8b),
  STRING('S'),
  UNICODE('V'),
  FLOAT('F'),
  LIST('l'),
  DICT('d'),
  EMPTY_SET(0x8f),
  ADDITEMS(0x90),
  FROZENSET(0x91),
  POP('0'),
  DUP('2'),
  POP_MARK('1'),
  GET('g'),
  PUT('p'),
  EXT1(0x82),
  EXT2(0x83),
  EXT4(0x84),
  INST('i'),
  OBJ('o'),
  NEWOBJ_EX(0x92),
  PERSID('P'),
  BYTEARRAY8(0x96),
  NEXT_BUFFER(0x97),
  READONLY_BUFFER(0x98);

  private static final Map<Integer, Opcode> BY_CODE = new HashMap<>();

  static {
    for (Opcode op : values()) {
      BY_CODE.put(op.code, op);
    }
  }

  private final int code;

  Opcode(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  static @Nullable Opcode of(int code) {
    return BY_CODE.get(code);
  }
}
