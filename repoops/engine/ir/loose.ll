define internal i32 @loose(ptr %ctx, <32 x i64> %cells, i32 %mask) alwaysinline {
entry:
  <<field current i64 current>>
  <<field warp_epochs ptr table>>
  <<field warp_fulls ptr fulls>>
  %at = getelementptr i64, ptr %table, i64 %current
  %now = load i64, ptr %at
  %full.at = getelementptr i64, ptr %fulls, i64 %current
  %full = load i64, ptr %full.at
  %ordered = icmp eq i64 %now, %full
  br i1 %ordered, label %nobody, label %some
nobody:
  ret i32 0
some:
  %found = call i32 @loose_lanes(ptr %ctx, <32 x i64> %cells, i32 %mask, i64 %now, i64 %full)
  ret i32 %found
}
define internal i32 @loose_lanes(ptr %ctx, <32 x i64> %cells, i32 %mask, i64 %now, i64 %full) cold noinline {
some:
  <<field current i64 current>>
  <<field warp_known ptr knowns>>
  %rows.o = shl i64 %current, 12
  %rows = getelementptr i8, ptr %knowns, i64 %rows.o
  %spill = alloca <32 x i64>
  store <32 x i64> %cells, ptr %spill
  br label %lane
lane:
  %todo = phi i32 [%mask, %some], [%todo1, %one]
  %found = phi i32 [0, %some], [%found1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %bit = shl i32 1, %l
  %unbit = xor i32 %bit, -1
  %todo1 = and i32 %todo, %unbit
  %l64 = zext i32 %l to i64
  %cell.at = getelementptr i64, ptr %spill, i64 %l64
  %cell = load i64, ptr %cell.at
  %other = and i64 %cell, 31
  %itself = icmp eq i64 %other, %l64
  %sub = lshr i64 %cell, 48
  %ago = sub i64 %now, %sub
  %age = and i64 %ago, 65535
  %when = sub i64 %now, %age
  %near = icmp uge i64 %when, %full
  %row = getelementptr <32 x i32>, ptr %rows, i64 %l64
  %known.at = getelementptr i32, ptr %row, i64 %other
  %known = load i32, ptr %known.at
  %when32 = trunc i64 %when to i32
  %unknown = icmp ule i32 %known, %when32
  %foreign = xor i1 %itself, true
  %open = and i1 %near, %unknown
  %race = and i1 %open, %foreign
  %add = select i1 %race, i32 %bit, i32 0
  %found1 = or i32 %found, %add
  br label %lane
end:
  ret i32 %found
}
