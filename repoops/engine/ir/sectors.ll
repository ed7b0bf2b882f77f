define internal void @<<name>>(ptr %ctx, i32 %site, <32 x i64> %address, i32 %mask) noinline {
entry:
  %spill = alloca <32 x i64>
  %sectors = lshr <32 x i64> %address, splat (i64 5)
  store <32 x i64> %sectors, ptr %spill
  %lanes = call i32 @llvm.ctpop.i32(i32 %mask)
  %lanes64 = zext i32 %lanes to i64
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %one]
  %count = phi i64 [0, %entry], [%count1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %l64 = zext i32 %l to i64
  %at = getelementptr i64, ptr %spill, i64 %l64
  %s = load i64, ptr %at
  %s0 = insertelement <32 x i64> poison, i64 %s, i64 0
  %sv = shufflevector <32 x i64> %s0, <32 x i64> poison, <32 x i32> zeroinitializer
  %same = icmp eq <32 x i64> %sv, %sectors
  %same.w = bitcast <32 x i1> %same to i32
  %rest = xor i32 %same.w, -1
  %todo1 = and i32 %todo, %rest
  %count1 = add i64 %count, <<each>>
  br label %lane
end:
  call void @tally(ptr %ctx, i32 %site, i64 %count, i64 0, i64 %lanes64)
  ret void
}
