define internal void @stamp(ptr %ctx, <32 x i32> %index, i32 %mask, i16 %value) noinline {
entry:
  <<field stamps ptr stamps>>
  %spill = alloca <32 x i32>
  store <32 x i32> %index, ptr %spill
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %less = sub i32 %todo, 1
  %todo1 = and i32 %todo, %less
  %l64 = zext i32 %l to i64
  %i.at = getelementptr i32, ptr %spill, i64 %l64
  %i = load i32, ptr %i.at
  %i64 = zext i32 %i to i64
  %at = getelementptr i16, ptr %stamps, i64 %i64
  store i16 %value, ptr %at
  br label %lane
end:
  ret void
}
