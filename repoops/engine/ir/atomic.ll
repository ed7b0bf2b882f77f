define internal <<vector>> @<<name>>(ptr %ctx, i32 %site, <<addresses>> %address, i32 %mask, <<vector>> %given<<second>>) noinline {
entry:
  %b = alloca <<vector>>
  store <<vector>> %given, ptr %b
  %c.slot = alloca <<vector>>
  <<keep>>
  %r = alloca <<vector>>
  store <<vector>> zeroinitializer, ptr %r
<<head>>
  %ps = alloca <32 x ptr>
  store <32 x ptr> %at, ptr %ps
<<noted>>  br label %lane
lane:
  %todo = phi i32 [%left, %entry], [%todo1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %bit = shl i32 1, %l
  %unbit = xor i32 %bit, -1
  %todo1 = and i32 %todo, %unbit
  %l64 = zext i32 %l to i64
  %p.at = getelementptr ptr, ptr %ps, i64 %l64
  %p = load ptr, ptr %p.at
<<body>>
  %r.at = getelementptr <<element>>, ptr %r, i64 %l64
  store <<element>> %old, ptr %r.at
  br label %lane
end:
  %all = load <<vector>>, ptr %r
  ret <<vector>> %all
}
